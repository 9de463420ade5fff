#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fastgd/fastgd.hpp"
#include "limits/limits.hpp"

namespace fastgd::bench {

// Whether the benchmarks only have to show that they run: set once, from main.
void set_small(bool small);
bool small();

struct Shape {
    std::int64_t n_rows;
    std::int64_t n_cols;
};
// The shape itself, or one with few of its rows where `small()`.
Shape scaled(Shape shape);
// Interleaved measurements of a benchmark; their medians are compared.
int rounds();
std::string name_of(Shape shape);
const char* name_of(Storage storage);

// The numbers of threads that are compared: 1, and 2 where they are to be had.
std::vector<int> thread_counts();

// Memory on huge pages where the system has them.
class Pages {
public:
    explicit Pages(std::size_t bytes);
    ~Pages();
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    std::byte* data() const { return data_; }

private:
    std::byte* data_;
};

// Random numbers of the storage's type, without zeros, subnormals and infinities: magnitudes from 0.5 to 1, or any
// integers.
void fill(std::byte* to, std::size_t bytes, Storage storage);

// A matrix of them.
class Table {
public:
    Table(Shape shape, Storage storage);

    MatrixView view() const;
    double bytes() const { return static_cast<double>(bytes_); }
    // Every byte in the order of memory, and row by row in a given order.
    Visit in_order() const;
    Visit in_order(const std::vector<std::int64_t>& order) const;

private:
    Shape shape_;
    Storage storage_;
    std::size_t bytes_;
    Pages pages_;
};

// Targets in the compute type of the storage: -1 and +1, or class indices where there are more than two classes.
class Targets {
public:
    Targets(std::int64_t n_rows, int n_classes, Storage storage);
    const void* data() const { return f64_.empty() ? static_cast<const void*>(f32_.data()) : f64_.data(); }

private:
    std::vector<float> f32_;
    std::vector<double> f64_;
};

}  // namespace fastgd::bench
