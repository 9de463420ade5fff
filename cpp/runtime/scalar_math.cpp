#include "runtime/scalar_math.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <limits>

// The project is compiled with -ffp-contract=off; these say it once more where a compiler can be told so in the source.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#elif defined(_MSC_VER)
#pragma fp_contract(off)
#endif
#if defined(__FAST_MATH__)
#error "the results would depend on the compiler"
#endif

namespace fastgd::scalar {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// log(2) in two parts; the first has 42 bits, so that its product with any exponent is exact.
constexpr double kLn2High = 0x1.62e42fefa38p-1;
constexpr double kLn2Low = 0x1.ef35793c7673p-45;
constexpr double kLog2E = 0x1.71547652b82fep+0;

// The sum of two doubles, |low| at most half a unit of high's last place.
struct Pair {
    double high;
    double low;
};

Pair add_ordered(double a, double b)  // |a| >= |b|
{
    const double sum = a + b;
    return {sum, b - (sum - a)};
}

Pair multiply(double a, double b) {
    const double product = a * b;
    return {product, std::fma(a, b, -product)};
}

Pair add(Pair a, Pair b)  // |a| >= |b|
{
    const Pair sum = add_ordered(a.high, b.high);
    return add_ordered(sum.high, sum.low + (a.low + b.low));
}

Pair multiply(Pair a, Pair b) {
    const Pair product = multiply(a.high, b.high);
    return add_ordered(product.high, product.low + (a.high * b.low + a.low * b.high));
}

// 2^k for -1022 <= k <= 1023.
double power_of_two(int k) { return std::bit_cast<double>(static_cast<std::uint64_t>(k + 1023) << 52); }

// log(x) of a positive finite x, with a relative error below 2^-65. x = 2^k * m with m in [sqrt(1/2), sqrt(2));
// log(m) = 2 atanh(s) = 2 s (1 + s^2/3 + s^4/5 + ...), s = (m - 1) / (m + 1), |s| <= 0.1716. The series is cut after
// s^24/25, as s^26/27 < 2^-70; from s^6/7 on, below 2^-18, a double is enough for its terms.
Pair log_pair(double x) {
    int k = 0;
    if (x < std::numeric_limits<double>::min()) {
        x *= 0x1p54;
        k = -54;
    }
    // Subtracting the bits of sqrt(1/2) lets the exponent's field carry at sqrt(2) in place of 2.
    constexpr std::uint64_t sqrt_half = 0x3FE6A09E667F3BCDu;
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(x);
    const auto carried = static_cast<std::int64_t>(bits - sqrt_half) >> 52;
    k += static_cast<int>(carried);
    const double m = std::bit_cast<double>(bits - (static_cast<std::uint64_t>(carried) << 52));

    const double numerator = m - 1.0;  // exact
    const Pair denominator = m >= 1.0 ? add_ordered(m, 1.0) : add_ordered(1.0, m);
    const double quotient = numerator / denominator.high;
    const double remainder = std::fma(-quotient, denominator.high, numerator) - quotient * denominator.low;
    const Pair s = add_ordered(quotient, remainder / denominator.high);
    const Pair square = multiply(s, s);

    double tail = 1.0 / 25.0;
    for (const double divisor : {23.0, 21.0, 19.0, 17.0, 15.0, 13.0, 11.0, 9.0, 7.0})
        tail = std::fma(tail, square.high, 1.0 / divisor);
    constexpr Pair third{0x1.5555555555555p-2, 0x1.5555555555555p-56};
    constexpr Pair fifth{0x1.999999999999ap-3, -0x1.999999999999ap-57};
    Pair series = add(fifth, multiply(square.high, tail));
    series = add(third, multiply(square, series));
    series = add({1.0, 0.0}, multiply(square, series));
    const Pair log_m = multiply({2.0 * s.high, 2.0 * s.low}, series);
    return k == 0 ? log_m : add({k * kLn2High, k * kLn2Low}, log_m);
}

// exp(high + low) for finite arguments. 2^k exp(r), |r| <= log(2) / 2, and exp(r) = 1 + r + r^2 (1/2! + r/3! + ...) up
// to r^14/14!, as r^15/15! < 2^-62.
double exp_pair(double high, double low) {
    if (high > 710.0) return kInfinity;
    if (high < -746.0) return 0.0;
    constexpr double to_integer = 0x1.8p52;  // the sum has no room for a fraction
    const double k = (high * kLog2E + to_integer) - to_integer;
    const double reduced = std::fma(-k, kLn2High, high);  // exact
    const Pair correction = multiply(-k, kLn2Low);
    const double small = correction.high + low;
    const double r = reduced + small;
    const double r_low = (reduced - r) + small + correction.low;

    // 1/14! to 1/2!: the factorials are exact.
    double tail = 1.0 / 87178291200.0;
    for (const double factorial :
         {6227020800.0, 479001600.0, 39916800.0, 3628800.0, 362880.0, 40320.0, 5040.0, 720.0, 120.0, 24.0, 6.0, 2.0}) {
        tail = std::fma(tail, r, 1.0 / factorial);
    }
    const Pair leading = add_ordered(1.0, r);
    const double rest = leading.low + std::fma(r * r, tail, std::fma(r_low, r, r_low));
    const double value = leading.high + rest;

    // In two steps: 2^k itself may be out of range where the result is not. Only the second can round.
    const int exponent = static_cast<int>(k);
    const int half = exponent / 2;
    return value * power_of_two(half) * power_of_two(exponent - half);
}

// pi x for 0 <= x <= 1/4.
Pair times_pi(double x) {
    const Pair product = multiply(x, 0x1.921fb54442d18p+1);
    return {product.high, std::fma(x, 0x1.1a62633145c07p-53, product.low)};
}

// cos(pi x) for 0 <= x <= 1/4: with a = pi x <= 0.7854, 1 - a^2/2 + a^4 (1/4! - a^2/6! + ...) up to a^16/16!, as
// a^18/18! < 2^-58.
double cos_pi_near_zero(double x) {
    const Pair a = times_pi(x);
    const double square = a.high * a.high;
    double tail = 1.0 / 20922789888000.0;
    for (const double factorial : {-87178291200.0, 479001600.0, -3628800.0, 40320.0, -720.0, 24.0})
        tail = std::fma(tail, square, 1.0 / factorial);
    const double half = 0.5 * square;
    const Pair leading = add_ordered(1.0, -half);
    // What the rounded square leaves out of a^2/2.
    const double rest = 0.5 * std::fma(a.high, a.high, -square) + a.high * a.low;
    return leading.high + (leading.low + std::fma(square * square, tail, -rest));
}

// sin(pi x) for 0 <= x <= 1/4: a - a^3/3! + a^5/5! - ... up to a^17/17!, as a^18/19! < 2^-62.
double sin_pi_near_zero(double x) {
    const Pair a = times_pi(x);
    const double square = a.high * a.high;
    double tail = 1.0 / 355687428096000.0;
    for (const double factorial : {-1307674368000.0, 6227020800.0, -39916800.0, 362880.0, -5040.0, 120.0, -6.0})
        tail = std::fma(tail, square, 1.0 / factorial);
    return a.high + std::fma(a.high * square, tail, a.low);
}

bool is_integer(double y) {
    return std::fabs(y) >= 0x1p52 || (y + std::copysign(0x1p52, y)) - std::copysign(0x1p52, y) == y;
}

bool is_odd(double y) { return std::fabs(y) < 0x1p53 && is_integer(y) && !is_integer(0.5 * y); }

}  // namespace

double exp(double x) {
    if (std::isnan(x)) return x;
    return exp_pair(x, 0.0);
}

double log(double x) {
    if (std::isnan(x) || x == kInfinity) return x;
    if (x <= 0.0) return x == 0.0 ? -kInfinity : kNan;
    return log_pair(x).high;
}

double pow(double x, double y) {
    if (y == 0.0 || x == 1.0) return 1.0;
    if (std::isnan(x) || std::isnan(y)) return kNan;
    const double size = std::fabs(x);
    const double sign = std::signbit(x) && is_odd(y) ? -1.0 : 1.0;
    if (std::isinf(y)) return size == 1.0 ? 1.0 : (size > 1.0) == (y > 0.0) ? kInfinity : 0.0;
    if (size == 0.0 || std::isinf(x)) return sign * ((size == 0.0) == (y < 0.0) ? kInfinity : 0.0);
    if (x < 0.0 && !is_integer(y)) return kNan;
    if (size == 1.0) return sign;
    const Pair logarithm = log_pair(size);
    const double high = y * logarithm.high;
    if (std::fabs(high) > 800.0) return sign * (high > 0.0 ? kInfinity : 0.0);
    const double low = std::fma(y, logarithm.high, -high) + y * logarithm.low;
    return sign * exp_pair(high, low);
}

double cos_pi(double x) {
    if (!std::isfinite(x)) return kNan;
    // Every step of the reduction to a quarter of a period, and of that to [0, 1/4], is exact.
    const double size = std::fabs(x);
    const double turn = size - 2.0 * std::floor(0.5 * size);
    const double half_turn = turn > 1.0 ? 2.0 - turn : turn;
    const double quarter = half_turn > 0.5 ? 1.0 - half_turn : half_turn;
    const double value = quarter <= 0.25 ? cos_pi_near_zero(quarter) : sin_pi_near_zero(0.5 - quarter);
    return half_turn > 0.5 ? -value : value;
}

}  // namespace fastgd::scalar
