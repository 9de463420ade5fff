// Random numbers and orders made of them: both are functions of a key and a counter alone.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <vector>

#include "runtime/permutation.hpp"
#include "runtime/philox.hpp"
#include "runtime_check.hpp"

namespace {

void test_philox() {
    using fastgd::philox;
    using fastgd::PhiloxStream;
    using fastgd::PhiloxWords;
    // numpy.random.Philox(key=[seed, stream], counter=[block, epoch, 0, 0] - 1).random_raw(4), NumPy 2.4
    CHECK(philox(0, PhiloxStream::permutation, 0, 0) ==
          PhiloxWords{0x16554d9eca36314c, 0xdb20fe9d672d0fdc, 0xd7e772cee186176b, 0x7e68b68aec7ba23b});
    CHECK(philox(0, PhiloxStream::permutation, 0, 1) ==
          PhiloxWords{0x02f4ba6408e4d89b, 0x3dd62b0b9ca8c5b2, 0x1c8667a55d902e79, 0x907d7a052fd5b4dc});
    CHECK(philox(42, PhiloxStream::initial_parameters, 7, 123456789) ==
          PhiloxWords{0x3fdfb640524a14c0, 0x5c5f9c7230f291bc, 0xe81a2cea105edd2a, 0x966c17e8c49f09ab});
    constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
    CHECK(philox(largest, PhiloxStream::initial_parameters, std::uint64_t{1} << 63, largest) ==
          PhiloxWords{0xd3751681a26ddf65, 0x8f372d7d650b290b, 0x19eca2d50fbfdf10, 0x17379465d58b5ba8});
}

std::vector<std::int64_t> elements(std::uint64_t n, std::uint64_t seed, std::uint64_t epoch, std::uint64_t start,
                                   std::size_t count) {
    std::vector<std::int64_t> out(count, -1);
    fastgd::Permutation(n, seed, epoch).fill(start, count, out.data());
    return out;
}

bool is_bijection(std::uint64_t n, std::uint64_t seed, std::uint64_t epoch) {
    std::vector<std::int64_t> order = elements(n, seed, epoch, 0, n);
    std::sort(order.begin(), order.end());
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (order[i] != static_cast<std::int64_t>(i)) {
            return false;
        }
    }
    return true;
}

void test_permutation() {
    using Order = std::vector<std::int64_t>;
    // The formula of the class comment in Python's whole numbers, with keys from numpy.random.Philox.
    CHECK(elements(10, 0, 0, 0, 10) == Order{2, 5, 8, 4, 0, 7, 3, 9, 6, 1});
    CHECK(elements(60000, 42, 3, 0, 4) == Order{34214, 26990, 8995, 8745});
    CHECK(elements(60000, 42, 3, 59999, 1) == Order{52041});
    constexpr std::uint64_t large = 5'000'000'000'001;
    constexpr std::uint64_t large_seed = (std::uint64_t{1} << 63) + 5;
    CHECK(elements(large, large_seed, 11, 0, 4) == Order{4761249425939, 2962180562278, 4416097903513, 1047635990890});
    CHECK(elements(large, large_seed, 11, large - 1, 1) == Order{1660818693694});
    constexpr std::uint64_t largest = (std::uint64_t{1} << 62) - 1;
    CHECK(elements(largest, 1, 0, 0, 2) == Order{1050973774849492258, 3883510635578452917});
    CHECK(elements(largest, 1, 0, largest - 1, 1) == Order{1050493779471668808});
    std::uint64_t hash = 0;
    for (const std::int64_t value : elements(1000, 7, 5, 0, 1000)) {
        hash = hash * 1099511628211u + static_cast<std::uint64_t>(value);
    }
    CHECK(hash == 0x76dbe613fa50d312u);

    for (std::uint64_t n = 1; n <= 300; ++n) {
        if (!is_bijection(n, n * 7919, n % 5)) {
            std::fprintf(stderr, "n = %d\n", static_cast<int>(n));
            CHECK(false && "a bijection");
        }
    }
    for (const std::uint64_t n : {4095u, 4096u, 4097u, 60000u, 65536u, 65537u, (1u << 20) + 1, 3'000'000u}) {
        CHECK(is_bijection(n, 42, n));
    }

    // Any cut into parts gives the same order, whatever the position inside the blocks of the computation.
    const Order whole = elements(5000, 3, 9, 0, 5000);
    for (const std::size_t step : {1u, 7u, 31u, 32u, 33u, 511u, 512u, 513u, 4999u}) {
        Order parts;
        for (std::size_t start = 0; start < whole.size(); start += step) {
            const Order part = elements(5000, 3, 9, start, std::min(step, whole.size() - start));
            parts.insert(parts.end(), part.begin(), part.end());
        }
        CHECK(parts == whole);
    }
    // Each element is found where it is, in any cut.
    for (const std::uint64_t n : {1u, 2u, 16u, 17u, 300u, 4097u, 70'000u}) {
        const Order order = elements(n, 3, n, 0, n);
        for (const std::uint64_t step : {7u, 511u, 512u, 70'000u}) {
            for (std::uint64_t start = 0; start < n; start += step) {
                Order position(std::min(step, n - start), -1);
                fastgd::Permutation(n, 3, n).find(start, position.size(), position.data());
                for (std::size_t j = 0; j < position.size(); ++j)
                    CHECK(order[static_cast<std::size_t>(position[j])] == static_cast<std::int64_t>(start + j));
            }
        }
    }
    CHECK(elements(5000, 3, 10, 0, 5000) != whole);
    CHECK(elements(5000, 4, 9, 0, 5000) != whole);
    CHECK(elements(5000, 3, 9, 5000, 0).empty());

    CHECK(has(message_of<std::invalid_argument>([] { fastgd::Permutation(0, 0, 0); }), "n = 0"));
    CHECK(has(message_of<std::invalid_argument>([] { fastgd::Permutation(std::uint64_t{1} << 62, 0, 0); }), "n = "));
    CHECK(has(message_of<std::out_of_range>([] { elements(10, 0, 0, 5, 6); }), "10 elements"));
    CHECK(has(message_of<std::out_of_range>([] { elements(10, 0, 0, 11, 0); }), "10 elements"));
}

}  // namespace

int main() {
    test_philox();
    test_permutation();
    return n_failed == 0 ? 0 : 1;
}
