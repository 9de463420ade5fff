// The virtual vector of one instruction set against scalar arithmetic, and against the bits every other one gives.
// Compiled once per instruction set; prints what failed and returns non-zero then.

#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <limits>

#include "isa_check.hpp"
#include "simd/math.hpp"
#include "simd/vec.hpp"

namespace fastgd {
namespace {

// Of everything the checks below compute. A change of it is a change of results for users.
constexpr std::uint64_t kExpectedBits = 0x6996AC499A9A0879;

int n_failed = 0;
std::uint64_t bits_hash = 0xCBF29CE484222325;

void check(bool is_true, const char* what, int index = 0) {
    if (is_true) return;
    if (++n_failed <= 40) std::printf("%s: failed: %s (%d)\n", kIsaName, what, index);
}

template <class T>
LaneInt<T> bits_of(T x) {
    LaneInt<T> b;
    std::memcpy(&b, &x, sizeof b);
    return b;
}
template <class T>
T from_bits(std::uint64_t bits) {
    const LaneInt<T> b = static_cast<LaneInt<T>>(bits);
    T x;
    std::memcpy(&x, &b, sizeof x);
    return x;
}
// Which NaN it is, is not promised.
template <class T>
bool same(T a, T b) {
    return bits_of(a) == bits_of(b) || (a != a && b != b);
}
template <class T>
void hash(T x) {
    const std::uint64_t bits = x != x ? 0x7FF8 : static_cast<std::uint64_t>(bits_of(x));
    for (int i = 0; i < 8; ++i) bits_hash = (bits_hash ^ ((bits >> (8 * i)) & 0xFF)) * 0x100000001B3;
}

std::uint64_t random_state = 1;
std::uint64_t next_random() {
    std::uint64_t z = random_state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}
// Uniform in [-1, 1), exact in T.
template <class T>
T next_uniform() {
    return static_cast<T>(static_cast<std::int64_t>(next_random()) >> 40) / T(1 << 23);
}

template <class T>
struct Samples {
    static constexpr int kCount = 64;
    T v[kCount];

    Samples() {
        using L = std::numeric_limits<T>;
        const T special[] = {T(0),
                             T(-0.0),
                             T(1),
                             T(-1),
                             T(0.5),
                             T(-0.5),
                             T(1.5),
                             T(-2.5),
                             T(3.5),
                             L::infinity(),
                             -L::infinity(),
                             L::quiet_NaN(),
                             -L::quiet_NaN(),
                             L::min(),
                             L::denorm_min(),
                             -L::denorm_min(),
                             L::max(),
                             L::lowest(),
                             L::epsilon(),
                             T(1) / L::epsilon(),
                             T(4194303.5)};
        constexpr int n_special = sizeof special / sizeof special[0];
        for (int i = 0; i < kCount; ++i)
            v[i] = i < n_special ? special[i] : from_bits<T>(next_random() >> (64 - 8 * sizeof(T)));
        for (int i = n_special; i < kCount; i += 2) v[i] = 100 * next_uniform<T>();
    }
};

template <class T, class F, class G>
void check_unary(const char* what, F of_vectors, G of_scalars) {
    const Samples<T> a;
    for (int i = 0; i < Samples<T>::kCount; i += kLanes<T>) {
        T out[kLanes<T>];
        store(out, of_vectors(load(a.v + i)));
        for (int j = 0; j < kLanes<T>; ++j) {
            check(same(out[j], static_cast<T>(of_scalars(a.v[i + j]))), what, i + j);
            hash(out[j]);
        }
    }
}

// Every sample with every other.
template <class T, class F, class G>
void check_binary(const char* what, F of_vectors, G of_scalars) {
    const Samples<T> a;
    for (int k = 0; k < Samples<T>::kCount; ++k) {
        for (int i = 0; i < Samples<T>::kCount; i += kLanes<T>) {
            T out[kLanes<T>];
            store(out, of_vectors(load(a.v + i), set1<T>(a.v[k])));
            for (int j = 0; j < kLanes<T>; ++j) {
                check(same(out[j], static_cast<T>(of_scalars(a.v[i + j], a.v[k]))), what, 1000 * k + i + j);
                hash(out[j]);
            }
        }
    }
}

template <class T>
void check_arithmetic() {
    using V = Vec<T>;
    check_binary<T>(
        "+", [](V a, V b) { return a + b; }, [](T a, T b) { return a + b; });
    check_binary<T>(
        "-", [](V a, V b) { return a - b; }, [](T a, T b) { return a - b; });
    check_binary<T>(
        "*", [](V a, V b) { return a * b; }, [](T a, T b) { return a * b; });
    check_binary<T>(
        "/", [](V a, V b) { return a / b; }, [](T a, T b) { return a / b; });
    check_binary<T>(
        "max", [](V a, V b) { return max(a, b); }, [](T a, T b) { return b < a ? a : b; });
    check_binary<T>(
        "min", [](V a, V b) { return min(a, b); }, [](T a, T b) { return a < b ? a : b; });
    check_binary<T>(
        "fma", [](V a, V b) { return fma(a, b, set1<T>(T(-0.7))); }, [](T a, T b) { return std::fma(a, b, T(-0.7)); });
    check_binary<T>(
        "fma of a square", [](V a, V b) { return fma(a, a, b); }, [](T a, T b) { return std::fma(a, a, b); });
    check_binary<T>(
        "fnma", [](V a, V b) { return fnma(a, b, set1<T>(T(0.3))); }, [](T a, T b) { return std::fma(-a, b, T(0.3)); });
    check_unary<T>(
        "sqrt", [](V a) { return sqrt(a); }, [](T a) { return std::sqrt(a); });
    check_unary<T>(
        "neg", [](V a) { return neg(a); }, [](T a) { return -a; });
    check_unary<T>(
        "abs", [](V a) { return abs(a); }, [](T a) { return std::fabs(a); });
    check_unary<T>(
        "round_even", [](V a) { return round_even(a); }, [](T a) { return std::nearbyint(a); });
    check_unary<T>(
        "zero", [](V) { return zero<T>(); }, [](T) { return T(0); });
    for (int n : {0, 1, -1, 5, -60, 127}) {
        const T exponent = T(n) * (sizeof(T) == 4 ? 1 : 8);
        const T a = T(1) + next_uniform<T>() / 4;
        T out[kLanes<T>];
        store(out, times_power_of_two(set1<T>(a), set1<T>(exponent)));
        check(same(out[0], std::ldexp(a, static_cast<int>(exponent))), "times_power_of_two", n);
    }
    // Into the denormal numbers and out of the range, rounded once.
    const int lowest = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits - 2;
    for (int n = lowest; n < lowest + 40; ++n) {
        T out[kLanes<T>];
        const T a = T(1) + next_uniform<T>() / 4;
        store(out, times_power_of_two(set1<T>(a), set1<T>(T(n))));
        check(same(out[kLanes<T> - 1], std::ldexp(a, n)), "times_power_of_two, denormal", n);
    }
    T out[kLanes<T>];
    store(out, times_power_of_two(set1<T>(T(1)), set1<T>(T(std::numeric_limits<T>::max_exponent))));
    check(out[0] == std::numeric_limits<T>::infinity(), "times_power_of_two, overflow");
}

template <class T>
void check_masks() {
    using V = Vec<T>;
    const auto as_number = [](Mask<T> m) { return select(m, set1<T>(T(1)), set1<T>(T(2))); };
    check_binary<T>(
        "lt", [&](V a, V b) { return as_number(lt(a, b)); }, [](T a, T b) { return a < b ? 1 : 2; });
    check_binary<T>(
        "le", [&](V a, V b) { return as_number(le(a, b)); }, [](T a, T b) { return a <= b ? 1 : 2; });
    check_binary<T>(
        "eq", [&](V a, V b) { return as_number(eq(a, b)); }, [](T a, T b) { return a == b ? 1 : 2; });
    check_binary<T>(
        "not, or", [&](V a, V b) { return as_number((!lt(a, b)) | eq(a, b)); },
        [](T a, T b) { return !(a < b) || a == b ? 1 : 2; });
    check_binary<T>(
        "not, and", [&](V a, V b) { return as_number((!lt(a, b)) & le(b, a)); },
        [](T a, T b) { return !(a < b) && b <= a ? 1 : 2; });
    for (int n = 0; n <= kLanes<T>; ++n) {
        T out[kLanes<T>];
        store(out, as_number(first_n<T>(n)));
        for (int j = 0; j < kLanes<T>; ++j) check(out[j] == (j < n ? T(1) : T(2)), "first_n", n);
        check(any(first_n<T>(n)) == (n > 0), "any", n);
        check(all(first_n<T>(n)) == (n == kLanes<T>), "all", n);
        check(any(!first_n<T>(n)) == (n < kLanes<T>), "any of the others", n);
        check(all(!first_n<T>(n)) == (n == 0), "all of the others", n);
    }
}

template <class T>
void check_integers() {
    using V = Vec<T>;
    constexpr LaneInt<T> mask = static_cast<LaneInt<T>>(0x00FFAA5500FFAA55);
    constexpr int digits = 8 * sizeof(T);
    const auto wide = [](T a) { return static_cast<std::uint64_t>(bits_of(a)) << (64 - digits) >> (64 - digits); };
    const auto narrow = [](std::uint64_t b) { return from_bits<T>(b); };
    check_binary<T>(
        "int +", [](V a, V b) { return as_float(as_int(a) + as_int(b)); },
        [&](T a, T b) { return narrow(wide(a) + wide(b)); });
    check_binary<T>(
        "int -", [](V a, V b) { return as_float(as_int(a) - as_int(b)); },
        [&](T a, T b) { return narrow(wide(a) - wide(b)); });
    check_binary<T>(
        "int |", [](V a, V b) { return as_float(as_int(a) | as_int(b)); },
        [&](T a, T b) { return narrow(wide(a) | wide(b)); });
    check_unary<T>(
        "int &", [](V a) { return as_float(as_int(a) & iset1<T>(mask)); },
        [&](T a) { return narrow(wide(a) & static_cast<std::uint64_t>(mask)); });
    check_unary<T>(
        "shift_left", [](V a) { return as_float(shift_left<5>(as_int(a))); },
        [&](T a) { return narrow(wide(a) << 5); });
    check_unary<T>(
        "shift_right", [](V a) { return as_float(shift_right<5>(as_int(a))); },
        [&](T a) { return narrow(wide(a) >> 5); });
    for (int n : {0, 1, -1, 2, 77, -12345, 16777215, -16777216, 2147483520, -2147483647 - 1}) {
        const T x = static_cast<T>(n);
        T out[kLanes<T>];
        store(out, as_float(to_int(set1<T>(x))));
        check(bits_of(out[kLanes<T> - 1]) == static_cast<LaneInt<T>>(n), "to_int", n);
        store(out, to_float(iset1<T>(n)));
        check(out[kLanes<T> - 1] == x, "to_float", n);
    }
}

template <class T>
T tree_sum(const T* v) {
    T s[kLanes<T>];
    std::memcpy(s, v, sizeof s);
    for (int half = kLanes<T> / 2; half > 0; half /= 2) {
        for (int i = 0; i < half; ++i) s[i] = s[i] + s[i + half];
    }
    return s[0];
}

template <class T>
void check_reductions() {
    constexpr int lanes = kLanes<T>;
    for (int round = 0; round < 200; ++round) {
        T a[4 * lanes];
        for (T& x : a) x = next_uniform<T>() * (next_random() % 4 == 0 ? T(1e6) : T(1));
        if (round == 0) a[3] = std::numeric_limits<T>::infinity();
        if (round == 1) a[lanes + 1] = std::numeric_limits<T>::quiet_NaN();
        T out[4];
        reduce_add4(load(a), load(a + lanes), load(a + 2 * lanes), load(a + 3 * lanes), out);
        check(same(first_lane(load(a + 1)), a[1]), "first_lane", round);
        for (int k = 0; k < 4; ++k) {
            check(same(reduce_add(load(a + k * lanes)), tree_sum(a + k * lanes)), "reduce_add", round);
            check(same(out[k], tree_sum(a + k * lanes)), "reduce_add4", 10 * round + k);
            hash(out[k]);
        }
    }
}

float f16_value(std::uint16_t h) {
    const int exponent = (h >> 10) & 31;
    const int fraction = h & 1023;
    float magnitude =
        std::ldexp(static_cast<float>(exponent == 0 ? fraction : fraction + 1024), exponent == 0 ? -24 : exponent - 25);
    if (exponent == 31) magnitude = fraction == 0 ? HUGE_VALF : NAN;
    return (h & 0x8000) != 0 ? -magnitude : magnitude;
}

// Memory with an unreadable page on each side.
struct Fence {
    std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    unsigned char* base = static_cast<unsigned char*>(
        mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    unsigned char* first = base + page;
    unsigned char* end = first + page;

    Fence() {
        mprotect(base, page, PROT_NONE);
        mprotect(end, page, PROT_NONE);
    }
    ~Fence() { munmap(base, 3 * page); }
};

// Whole and partial loads of every element type at every offset from a page's ends; f(memory, n) against g(element).
template <class T, class E, class Whole, class Partial, class G>
void check_loads(const char* what, const Fence& fence, Whole whole, Partial partial, G value) {
    constexpr int lanes = kLanes<T>;
    E elements[lanes];
    for (E& e : elements) {
        const std::uint64_t r = next_random();
        std::memcpy(&e, &r, sizeof e);
    }
    for (int n = 0; n <= lanes; ++n) {
        const std::size_t n_bytes = static_cast<std::size_t>(n) * sizeof(E);
        for (unsigned char* p : {fence.first, fence.end - n_bytes, fence.first + 1}) {
            std::memset(fence.first, 0x5A, fence.page);
            std::memcpy(p, elements, n_bytes);
            T out[lanes];
            store(out, partial(p, n));
            for (int j = 0; j < lanes; ++j) check(same(out[j], j < n ? value(elements[j]) : T(0)), what, 100 * n + j);
            if (n < lanes) continue;
            store(out, whole(p));
            for (int j = 0; j < lanes; ++j) check(same(out[j], value(elements[j])), what, 10000 + j);
        }
    }
}

template <class T>
void check_stores(const Fence& fence) {
    constexpr int lanes = kLanes<T>;
    T values[lanes];
    for (T& x : values) x = next_uniform<T>();
    for (int n = 0; n <= lanes; ++n) {
        std::memset(fence.first, 0x5A, fence.page);
        const std::size_t n_bytes = static_cast<std::size_t>(n) * sizeof(T);
        unsigned char* p = fence.end - n_bytes;
        store_partial(reinterpret_cast<T*>(p), load(values), n);
        check(std::memcmp(p, values, n_bytes) == 0 && p[-1] == 0x5A, "store_partial", n);
        store_partial(reinterpret_cast<T*>(fence.first), load(values), n);
        check(std::memcmp(fence.first, values, n_bytes) == 0 && fence.first[n_bytes] == 0x5A, "store_partial", -n);
    }
}

// Of what is always inlined no pointer can be called, unless the compiler sees through it, which coverage prevents.
#define CALL(f) [](auto... at) { return f(at...); }

void check_memory() {
    const Fence fence;
    for (int round = 0; round < 8; ++round) {
        check_loads<float, float>("load_f32", fence, CALL(load_f32), CALL(load_f32_partial), [](float x) { return x; });
        check_loads<double, double>("load_f64", fence, CALL(load_f64), CALL(load_f64_partial),
                                    [](double x) { return x; });
        check_loads<float, std::uint16_t>("load_f16", fence, CALL(load_f16), CALL(load_f16_partial), f16_value);
        check_loads<float, std::uint16_t>(
            "load_bf16", fence, CALL(load_bf16), CALL(load_bf16_partial),
            [](std::uint16_t h) { return from_bits<float>(static_cast<std::uint64_t>(h) << 16); });
        check_loads<float, std::uint8_t>("load_u8", fence, CALL(load_u8), CALL(load_u8_partial),
                                         [](std::uint8_t b) { return float(b); });
        check_loads<float, std::int8_t>("load_i8", fence, CALL(load_i8), CALL(load_i8_partial),
                                        [](std::int8_t b) { return float(b); });
    }
    check_stores<float>(fence);
    check_stores<double>(fence);
    check_loads<float, float>(
        "load", fence, [](const void* p) { return load(static_cast<const float*>(p)); },
        [](const void* p, int n) { return load_partial(static_cast<const float*>(p), n); }, [](float x) { return x; });
    check_loads<double, double>(
        "load", fence, [](const void* p) { return load(static_cast<const double*>(p)); },
        [](const void* p, int n) { return load_partial(static_cast<const double*>(p), n); },
        [](double x) { return x; });
    for (int h = 0; h < 65536; h += 16) {
        std::uint16_t halves[16];
        for (int j = 0; j < 16; ++j) halves[j] = static_cast<std::uint16_t>(h + j);
        float out[16];
        store(out, load_f16(halves));
        for (int j = 0; j < 16; ++j) {
            check(same(out[j], f16_value(halves[j])), "every f16", h + j);
            hash(out[j]);
        }
    }
}
#undef CALL

template <class T>
void check_type() {
    check_arithmetic<T>();
    check_masks<T>();
    check_integers<T>();
    check_reductions<T>();
}

__attribute__((noinline)) int run() {
    check_type<float>();
    check_type<double>();
    check_memory();
    std::printf("%s: bits 0x%016llX\n", kIsaName, static_cast<unsigned long long>(bits_hash));
    check(bits_hash == kExpectedBits, "the same bits as every other instruction set");
    if (n_failed != 0) std::printf("%s: %d checks failed\n", kIsaName, n_failed);
    return n_failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace fastgd

int main() { return fastgd::run_where_isa_exists(fastgd::run); }
