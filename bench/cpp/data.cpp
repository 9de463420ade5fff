#include "data.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>

#include "runtime/threads.hpp"

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace fastgd::bench {
namespace {

bool is_small = false;

// Steele, Lea and Flood's SplitMix64: good enough to fill tables with, and as fast as memory.
class Random {
public:
    explicit Random(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() {
        std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
        return z ^ (z >> 31);
    }

private:
    std::uint64_t state_;
};

// Bits of each type with random sign and fraction and the exponent of 0.5; integers from -127 or 1 on.
std::uint64_t random_bits(Storage storage, std::uint64_t random) {
    switch (storage) {
        case Storage::f64: return 0x3FE0000000000000ULL | (random & 0x800FFFFFFFFFFFFFULL);
        case Storage::f32: return 0x3F0000003F000000ULL | (random & 0x807FFFFF807FFFFFULL);
        case Storage::f16: return 0x3800380038003800ULL | (random & 0x83FF83FF83FF83FFULL);
        case Storage::bf16: return 0x3F003F003F003F00ULL | (random & 0x807F807F807F807FULL);
        case Storage::u8:
        case Storage::i8: return 0x0101010101010101ULL | random;
        default: break;
    }
    return 0;
}

constexpr std::size_t kPage = std::size_t{1} << 21;

}  // namespace

void set_small(bool small) { is_small = small; }
bool small() { return is_small; }

Shape scaled(Shape shape) {
    constexpr std::int64_t kElements = 500'000;
    return {is_small ? std::min(shape.n_rows, kElements / shape.n_cols) : shape.n_rows, shape.n_cols};
}

int rounds() { return is_small ? 1 : 9; }

std::string name_of(Shape shape) { return std::to_string(shape.n_rows) + "x" + std::to_string(shape.n_cols); }

const char* name_of(Storage storage) {
    static constexpr const char* kNames[] = {"float64", "float32", "float16", "bfloat16", "uint8", "int8"};
    static_assert(std::size(kNames) == kDenseStorages);
    return kNames[static_cast<int>(storage)];
}

std::vector<int> thread_counts() { return max_threads() > 1 ? std::vector<int>{1, 2} : std::vector<int>{1}; }

Pages::Pages(std::size_t bytes) {
    const std::size_t whole = (bytes + kPage - 1) / kPage * kPage;
    data_ = static_cast<std::byte*>(::operator new(whole, std::align_val_t{kPage}));
#if defined(__linux__)
    madvise(data_, whole, MADV_HUGEPAGE);
#endif
}

Pages::~Pages() { ::operator delete(data_, std::align_val_t{kPage}); }

void fill(std::byte* to, std::size_t bytes, Storage storage) {
    Random random(1);
    for (std::size_t b = 0; b < bytes; b += sizeof(std::uint64_t)) {
        const std::uint64_t bits = random_bits(storage, random.next());
        std::memcpy(to + b, &bits, std::min(sizeof bits, bytes - b));
    }
}

Table::Table(Shape shape, Storage storage)
    : shape_(shape),
      storage_(storage),
      bytes_(static_cast<std::size_t>(shape.n_rows * shape.n_cols * element_size(storage))),
      pages_(bytes_) {
    fill(pages_.data(), bytes_, storage);
}

MatrixView Table::view() const {
    return {pages_.data(), shape_.n_rows, shape_.n_cols, shape_.n_cols * element_size(storage_), storage_};
}

Visit Table::in_order() const {
    constexpr std::int64_t kPiece = 4096;
    const auto bytes = static_cast<std::int64_t>(bytes_);
    const std::int64_t piece = std::min(bytes, kPiece);
    return {pages_.data(), bytes / piece, piece, piece, nullptr};
}

Visit Table::in_order(const std::vector<std::int64_t>& order) const {
    const std::int64_t row_bytes = shape_.n_cols * element_size(storage_);
    return {pages_.data(), static_cast<std::int64_t>(order.size()), row_bytes, row_bytes, order.data()};
}

Targets::Targets(std::int64_t n_rows, int n_classes, Storage storage) {
    Random random(2);
    const auto target = [&] {
        const auto index = static_cast<int>(random.next() % static_cast<std::uint64_t>(n_classes));
        return n_classes == 2 ? 2 * index - 1 : index;
    };
    const auto n = static_cast<std::size_t>(n_rows);
    if (storage == Storage::f64) {
        for (std::size_t i = 0; i < n; ++i) f64_.push_back(target());
    } else {
        for (std::size_t i = 0; i < n; ++i) f32_.push_back(static_cast<float>(target()));
    }
}

}  // namespace fastgd::bench
