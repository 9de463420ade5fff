#pragma once

// Archives that keep what a search shows of its state, and put it into another.

#include <cstddef>
#include <vector>

namespace {

struct Writer {
    std::vector<double> numbers;
    std::vector<std::vector<double>> vectors;
    template <class Number>
    void operator()(const Number& number) {
        numbers.push_back(static_cast<double>(number));
    }
    void operator()(const std::vector<double>& vector) { vectors.push_back(vector); }
};

struct Reader {
    Writer from;
    std::size_t number_at = 0;
    std::size_t vector_at = 0;
    template <class Number>
    void operator()(Number& number) {
        number = static_cast<Number>(from.numbers[number_at++]);
    }
    void operator()(std::vector<double>& vector) { vector = from.vectors[vector_at++]; }
};

}  // namespace
