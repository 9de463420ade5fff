// The elementary functions of one instruction set against the C library in a wider type, and against the bits that
// every other instruction set gives. Compiled once per instruction set; prints what failed and returns non-zero then.
// `math_test thorough` takes every float there is, and many times as many doubles; the hour that needs is a nightly's.

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <limits>

#include "isa_check.hpp"
#include "simd/math.hpp"
#include "simd/normal.hpp"

namespace fastgd {
namespace {

// Of every result below, but in a thorough test. A change of it is a change of results for users.
constexpr std::uint64_t kExpectedBits = 0xD429A2F5D670CA57;
// How many times as many doubles a thorough test takes.
constexpr int kThorough = 256;

int n_failed = 0;
std::uint64_t bits_hash = 0xCBF29CE484222325;

std::uint64_t random_state = 1;
std::uint64_t next_random() {
    std::uint64_t z = random_state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

template <class T>
std::uint64_t bits_of(T x) {
    std::uint64_t b = 0;
    std::memcpy(&b, &x, sizeof x);
    return b;
}
template <class T>
T from_bits(std::uint64_t bits) {
    T x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}
// Which NaN it is, is not promised.
template <class T>
bool same(T a, T b) {
    return bits_of(a) == bits_of(b) || (a != a && b != b);
}
template <class T>
void hash(T x) {
    // Each step is one to one, so no single difference is lost.
    bits_hash = (bits_hash ^ (x != x ? 0x7FF8 : bits_of(x))) * 0x100000001B3;
}

// What references are computed in. The error of the C library in double is nothing beside a float's last place.
template <class T>
struct WiderOf {
    using Type = double;
};
template <>
struct WiderOf<double> {
    using Type = long double;
};
template <class T>
using Wider = typename WiderOf<T>::Type;

template <class W>
W sigmoid_reference(W x) {
    return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
// In the tails a rounding error of an argument counts as many times as its square is large: it is taken back.
template <class W>
W normal_pdf_reference(W x) {
    const W square = x * x;
    const W density = std::exp(-square / 2) * W(0.39894228040143267793994605993438L);
    return density == 0 ? 0 : density * (1 - std::fma(x, x, -square) / 2);
}
template <class W>
W normal_cdf_reference(W x) {
    const W root_half = 0.70710678118654752440084436210485L;
    const W rest = 0.70710678118654752440084436210485L - static_cast<long double>(root_half);
    const W argument = -x * root_half;
    const W tail = std::erfc(argument) / 2;
    const W lost = std::fma(-x, root_half, -argument) - x * rest;
    const W slope = normal_pdf_reference(x);
    return slope == 0 ? tail : tail - std::sqrt(W(2)) * slope * lost;
}
template <class W>
W softplus_reference(W x) {
    return (x > 0 ? x : 0) + std::log1p(std::exp(-std::fabs(x)));
}

template <class T>
struct Function {
    const char* name;
    void (*vector)(const T* in, T* out);
    Wider<T> (*reference)(Wider<T>);
    double bound;  // ulp
};

// A little above the largest errors found: over every float value for float, over 32 million values each for double.
template <class T>
constexpr double bound(double of_float, double of_double) {
    return sizeof(T) == 4 ? of_float : of_double;
}
template <class T>
constexpr Function<T> kFunctions[] = {
    {"exp", [](const T* in, T* out) { store(out, exp(load(in))); }, [](Wider<T> x) { return std::exp(x); },
     bound<T>(1.8, 1.4)},
    {"expm1", [](const T* in, T* out) { store(out, expm1(load(in))); }, [](Wider<T> x) { return std::expm1(x); },
     bound<T>(1.7, 2.4)},
    {"log", [](const T* in, T* out) { store(out, log(load(in))); }, [](Wider<T> x) { return std::log(x); },
     bound<T>(1.0, 1.0)},
    {"log1p", [](const T* in, T* out) { store(out, log1p(load(in))); }, [](Wider<T> x) { return std::log1p(x); },
     bound<T>(1.6, 1.5)},
    {"sigmoid", [](const T* in, T* out) { store(out, sigmoid(load(in))); }, sigmoid_reference<Wider<T>>,
     bound<T>(3.3, 2.6)},
    {"softplus", [](const T* in, T* out) { store(out, softplus(load(in))); }, softplus_reference<Wider<T>>,
     bound<T>(2.9, 1.9)},
    {"tanh", [](const T* in, T* out) { store(out, tanh(load(in))); }, [](Wider<T> x) { return std::tanh(x); },
     bound<T>(2.5, 2.7)},
    {"normal_cdf", [](const T* in, T* out) { store(out, standard_normal(load(in)).below); },
     normal_cdf_reference<Wider<T>>, bound<T>(3.9, 3.9)},
    {"normal_pdf", [](const T* in, T* out) { store(out, standard_normal(load(in)).density); },
     normal_pdf_reference<Wider<T>>, bound<T>(3.5, 2.5)},
};

template <class T>
double error_in_ulp(T got, Wider<T> want) {
    using L = std::numeric_limits<T>;
    const T nearest = static_cast<T>(want);
    if (same(got, nearest)) return static_cast<double>(std::isfinite(got) ? std::fabs(got - want) : 0) == 0 ? 0 : 0.5;
    if (!std::isfinite(got) || !std::isfinite(nearest)) return HUGE_VAL;
    int exponent = 0;
    std::frexp(want, &exponent);
    const int ulp_exponent = exponent - L::digits;
    const int least = L::min_exponent - L::digits;
    return static_cast<double>(std::ldexp(std::fabs(got - want), -(ulp_exponent < least ? least : ulp_exponent)));
}

template <class T>
struct Worst {
    double error = 0;
    T at = 0;
};

template <class T>
void measure(const Function<T>& f, const T* in, Worst<T>& worst) {
    T out[kLanes<T>];
    f.vector(in, out);
    for (int j = 0; j < kLanes<T>; ++j) {
        hash(out[j]);
        const double error = error_in_ulp(out[j], f.reference(in[j]));
        if (error > worst.error) worst = {error, in[j]};
    }
}

template <class T>
using WorstOfAll = Worst<T>[sizeof kFunctions<T> / sizeof kFunctions<T>[0]];

template <class T>
void measure_all(const T* in, WorstOfAll<T>& worst) {
    Worst<T>* w = worst;
    for (const Function<T>& f : kFunctions<T>) measure(f, in, *w++);
}

void take_every_float(WorstOfAll<float>& worst) {
    constexpr int lanes = kLanes<float>;
    for (std::uint64_t first = 0; first < std::uint64_t(1) << 32; first += lanes) {
        float in[lanes];
        for (int j = 0; j < lanes; ++j) in[j] = from_bits<float>(first + static_cast<std::uint64_t>(j));
        measure_all(in, worst);
    }
}

template <class T>
void take_samples(int times, WorstOfAll<T>& worst) {
    constexpr int lanes = kLanes<T>;
    constexpr int fraction_bits = std::numeric_limits<T>::digits - 1;
    constexpr std::uint64_t fraction_mask = (std::uint64_t(1) << fraction_bits) - 1;
    constexpr int n_exponents = 2 * std::numeric_limits<T>::max_exponent - 1;
    // Every exponent, infinity's included, with both signs: the ends of its fraction and some between; many between
    // where the functions bend.
    for (int sign = 0; sign < 2; ++sign) {
        for (int exponent = 0; exponent <= n_exponents; ++exponent) {
            const int power = exponent - n_exponents / 2;
            const int n_vectors = times * (power >= -8 && power <= 9 ? 4096 / lanes : 2);
            for (int i = 0; i < n_vectors; ++i) {
                T in[lanes];
                for (int j = 0; j < lanes; ++j) {
                    const std::uint64_t fraction = j == 0 ? 0 : j == 1 ? fraction_mask : next_random() & fraction_mask;
                    const std::uint64_t top = static_cast<std::uint64_t>(sign * (n_exponents + 1) + exponent);
                    in[j] = from_bits<T>(top << fraction_bits | fraction);
                }
                measure_all(in, worst);
            }
        }
    }
    // Evenly over exp's whole range, denormal results included.
    constexpr double overflow = sizeof(T) == 4 ? 104 : 746;
    for (int i = 0; i < times * 32768; i += lanes) {
        T in[lanes];
        for (T& x : in) x = static_cast<T>(overflow * (static_cast<double>(next_random() >> 11) * 0x1p-52 - 1));
        measure_all(in, worst);
    }
}

template <class T>
void check_accuracy(const WorstOfAll<T>& worst) {
    const Worst<T>* w = worst;
    for (const Function<T>& f : kFunctions<T>) {
        // A reference no wider than the result adds an error of its own.
        const bool is_wider = std::numeric_limits<Wider<T>>::digits > std::numeric_limits<T>::digits;
        const double bound = f.bound + (is_wider ? 0.0 : 1.0);
        const bool is_good = w->error <= bound;
        std::printf("%s: %-8s float%d: at most %.3f ulp, at %a%s\n", kIsaName, f.name, static_cast<int>(8 * sizeof(T)),
                    w->error, static_cast<double>(w->at), is_good ? "" : "   FAILED");
        n_failed += is_good ? 0 : 1;
        ++w;
    }
}

struct Special {
    const char* function;
    double in, out;
};

template <class T>
void check_special_values() {
    using L = std::numeric_limits<T>;
    constexpr double infinity = HUGE_VAL;
    constexpr double nan = NAN;
    constexpr double least = L::denorm_min();
    constexpr double greatest = L::max();
    constexpr double log_max = sizeof(T) == 4 ? 0x1.62E42Ep6 : 0x1.62E42FEFA39EFp9;      // exp is still finite there
    constexpr double log_least = sizeof(T) == 4 ? -0x1.9D1D9Ep6 : -0x1.74385446D71C3p9;  // exp is the least denormal
    const Special specials[] = {
        {"exp", 0, 1},
        {"exp", -0.0, 1},
        {"exp", infinity, infinity},
        {"exp", -infinity, 0},
        {"exp", nan, nan},
        {"exp", greatest, infinity},
        {"exp", -greatest, 0},
        {"exp", least, 1},
        {"exp", std::nextafter(T(log_max), T(infinity)), infinity},
        {"exp", log_least, least},
        {"exp", 1.01 * log_least, 0},
        {"exp", 1.01 * log_max, infinity},
        {"expm1", 0, 0},
        {"expm1", -0.0, -0.0},
        {"expm1", infinity, infinity},
        {"expm1", -infinity, -1},
        {"expm1", nan, nan},
        {"expm1", greatest, infinity},
        {"expm1", -greatest, -1},
        {"expm1", least, least},
        {"expm1", -least, -least},
        {"expm1", -60, -1},
        {"expm1", L::min(), L::min()},
        {"log", 0, -infinity},
        {"log", -0.0, -infinity},
        {"log", -1, nan},
        {"log", -least, nan},
        {"log", 1, 0},
        {"log", infinity, infinity},
        {"log", -infinity, nan},
        {"log", nan, nan},
        {"log", -greatest, nan},
        {"log1p", 0, 0},
        {"log1p", -0.0, -0.0},
        {"log1p", -1, -infinity},
        {"log1p", -1.5, nan},
        {"log1p", infinity, infinity},
        {"log1p", -infinity, nan},
        {"log1p", nan, nan},
        {"log1p", least, least},
        {"log1p", -least, -least},
        {"log1p", L::min(), L::min()},
        {"log1p", -greatest, nan},
        {"sigmoid", 0, 0.5},
        {"sigmoid", -0.0, 0.5},
        {"sigmoid", infinity, 1},
        {"sigmoid", -infinity, 0},
        {"sigmoid", nan, nan},
        {"sigmoid", greatest, 1},
        {"sigmoid", -greatest, 0},
        {"sigmoid", 50, 1},
        {"sigmoid", log_least, least},
        {"softplus", infinity, infinity},
        {"softplus", -infinity, 0},
        {"softplus", nan, nan},
        {"softplus", greatest, greatest},
        {"softplus", -greatest, 0},
        {"softplus", 100, 100},
        {"softplus", log_least, least},
        {"tanh", 0, 0},
        {"tanh", -0.0, -0.0},
        {"tanh", infinity, 1},
        {"tanh", -infinity, -1},
        {"tanh", nan, nan},
        {"tanh", 30, 1},
        {"tanh", -30, -1},
        {"tanh", greatest, 1},
        {"tanh", least, least},
        {"tanh", -least, -least},
        {"tanh", L::min(), L::min()},
        {"normal_cdf", infinity, 1},
        {"normal_cdf", -infinity, 0},
        {"normal_cdf", nan, nan},
        {"normal_cdf", greatest, 1},
        {"normal_cdf", -greatest, 0},
        {"normal_cdf", 9, 1},
        {"normal_pdf", infinity, 0},
        {"normal_pdf", -infinity, 0},
        {"normal_pdf", nan, nan},
        {"normal_pdf", greatest, 0},
    };
    for (const Special& s : specials) {
        for (const Function<T>& f : kFunctions<T>) {
            if (std::strcmp(f.name, s.function) != 0) continue;
            // Neighbours in the vector must not matter.
            T in[kLanes<T>];
            T out[kLanes<T>];
            for (int j = 0; j < kLanes<T>; ++j) in[j] = j % 2 == 0 ? static_cast<T>(s.in) : T(0.75);
            f.vector(in, out);
            for (int j = 0; j < kLanes<T>; j += 2) {
                if (same(out[j], static_cast<T>(s.out))) continue;
                std::printf("%s: failed: %s(%a) is %a, not %a (float%d)\n", kIsaName, s.function, s.in,
                            static_cast<double>(out[j]), s.out, static_cast<int>(8 * sizeof(T)));
                ++n_failed;
                break;
            }
        }
    }
}

// The short forms for a restricted argument give the general functions' bits; tanh is odd.
template <class T>
void check_identities() {
    int n_different = 0;
    for (int i = 0; i < 20000; i += kLanes<T>) {
        T unit[kLanes<T>];
        T negative[kLanes<T>];
        for (int j = 0; j < kLanes<T>; ++j) {
            const int scale = static_cast<int>(next_random() % 64);
            unit[j] = static_cast<T>(std::ldexp(static_cast<double>(next_random() >> 11) * 0x1p-53, -scale));
            // Around the point where log1p goes from one power of two to the next.
            if (j % 4 == 0)
                unit[j] = static_cast<T>(0x1.A827999FCEF33p-2 *
                                         (1 + (i / 16 % 64 - 32) * double{std::numeric_limits<T>::epsilon()}));
            negative[j] = -static_cast<T>(std::ldexp(unit[j], 20 - scale / 2));
        }
        T a[kLanes<T>], b[kLanes<T>];
        store(a, log1p(load(unit)));
        store(b, log1p_unit(load(unit)));
        n_different += std::memcmp(a, b, sizeof a) != 0 ? 1 : 0;
        store(a, exp(load(negative)));
        store(b, exp_nonpositive(load(negative)));
        n_different += std::memcmp(a, b, sizeof a) != 0 ? 1 : 0;
        store(a, tanh(load(unit)));
        store(b, neg(tanh(neg(load(unit)))));
        n_different += std::memcmp(a, b, sizeof a) != 0 ? 1 : 0;
    }
    if (n_different == 0) return;
    std::printf("%s: failed: %d vectors of a short form differ (float%d)\n", kIsaName, n_different,
                static_cast<int>(8 * sizeof(T)));
    ++n_failed;
}

__attribute__((noinline)) int run(bool thorough) {
    WorstOfAll<float> worst_floats = {};
    WorstOfAll<double> worst_doubles = {};
    if (thorough) {
        take_every_float(worst_floats);
    } else {
        take_samples<float>(1, worst_floats);
    }
    take_samples<double>(thorough ? kThorough : 1, worst_doubles);
    check_accuracy<float>(worst_floats);
    check_accuracy<double>(worst_doubles);
    check_special_values<float>();
    check_special_values<double>();
    check_identities<float>();
    check_identities<double>();
    std::printf("%s: bits 0x%016llX\n", kIsaName, static_cast<unsigned long long>(bits_hash));
    if (!thorough && bits_hash != kExpectedBits) {
        std::printf("%s: failed: not the bits of the other instruction sets\n", kIsaName);
        ++n_failed;
    }
    return n_failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace fastgd

int main(int argc, char** argv) {
    const bool thorough = argc > 1 && std::strcmp(argv[1], "thorough") == 0;
    return fastgd::run_where_isa_exists([=] { return fastgd::run(thorough); });
}
