// The run-time layer without threads: scalar functions, choice of the instruction set, processor limits, zeroed memory.
// A plain program: it prints what fails, and its exit status is 1 then. `runtime_test thorough` tries the scalar
// functions at many times as many points.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "runtime/aligned_buffer.hpp"
#include "runtime/cpu.hpp"
#include "runtime/cpu_limit.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/permutation.hpp"
#include "runtime/philox.hpp"
#include "runtime/scalar_math.hpp"
#include "runtime_check.hpp"

namespace {

// Scalar functions ---------------------------------------------------------------------------------------------------

// The distance in units of the last place of a double at `wanted`.
double error_in_ulp(double got, long double wanted) {
    const double rounded = static_cast<double>(wanted);
    if (std::isnan(rounded) || std::isinf(rounded) || std::isnan(got) || std::isinf(got)) {
        return got == rounded || (std::isnan(got) && std::isnan(rounded)) ? 0.0 : 1e30;
    }
    int exponent = 0;
    std::frexp(rounded, &exponent);
    return static_cast<double>(std::fabs(got - wanted) / std::ldexp(1.0L, std::max(exponent - 53, -1074)));
}

// cos(pi x) for 0 <= x <= 1, by the function that does not cancel.
long double cos_pi_reference(double x) {
    const long double pi = std::acos(-1.0L);
    const long double wide = x;
    return x < 0.25 ? std::cos(pi * wide) : x > 0.75 ? -std::cos(pi * (1.0L - wide)) : std::sin(pi * (0.5L - wide));
}

// Numbers in [low, high), a function of the index alone.
double uniform(std::uint64_t index, double low, double high) {
    const std::uint64_t word = fastgd::philox(1, fastgd::PhiloxStream::initial_parameters, 0, index)[0];
    return std::fma(high - low, static_cast<double>(word >> 11) * 0x1p-53, low);
}

void test_scalar_accuracy(int n_points) {
    namespace scalar = fastgd::scalar;
    double exp_error = 0;
    double log_error = 0;
    double pow_error = 0;
    double cos_error = 0;
    std::uint64_t index = 0;
    for (int i = 0; i < n_points; ++i) {
        const double x = uniform(index++, -745.0, 709.7);
        const double near_zero = uniform(index++, -1.0, 1.0);
        exp_error = std::max({exp_error, error_in_ulp(scalar::exp(x), std::exp(static_cast<long double>(x))),
                              error_in_ulp(scalar::exp(near_zero), std::exp(static_cast<long double>(near_zero)))});

        // Fractions of a period, as schedules use them, close to the zero and to the ends too.
        const double fraction = uniform(index++, 0.0, 1.0);
        const double near_half = 0.5 + near_zero * 1e-9;
        for (const double part : {fraction, near_half, std::fabs(near_zero) * 1e-6, 1.0 - std::fabs(near_zero) * 1e-6})
            cos_error = std::max(cos_error, error_in_ulp(scalar::cos_pi(part), cos_pi_reference(part)));

        const int scale = static_cast<int>(uniform(index++, -1060, 1023));
        const double base = std::ldexp(uniform(index++, 1.0, 2.0), scale);
        const double near_one = 1.0 + uniform(index++, -1e-3, 1e-3);
        for (const double value : {base, near_one, 1.0 + near_zero * 0.5}) {
            log_error =
                std::max(log_error, error_in_ulp(scalar::log(value), std::log(static_cast<long double>(value))));
            // Exponents that use the whole range of results, and small ones as schedules use them.
            const double range = uniform(index++, -744.0, 709.0) / std::log(value);
            for (const double power : {range, uniform(index++, -3.0, 3.0)}) {
                const long double wanted = std::pow(static_cast<long double>(value), static_cast<long double>(power));
                pow_error = std::max(pow_error, error_in_ulp(scalar::pow(value, power), wanted));
            }
        }
    }
    // Where long double is no wider than double the reference itself is off by half a unit or more.
    const double allowed = std::numeric_limits<long double>::digits > 53 ? 1.0 : 4.0;
    std::printf("largest errors in ulp: exp %.3f, log %.3f, pow %.3f, cos_pi %.3f\n", exp_error, log_error, pow_error,
                cos_error);
    CHECK(exp_error < allowed);
    CHECK(log_error < allowed);
    CHECK(pow_error < allowed);
    CHECK(cos_error < allowed);

    // The same bits everywhere: one sum over many results.
    std::uint64_t hash = 0;
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        for (const double value : {scalar::exp(uniform(i, -745.0, 710.0)), scalar::log(uniform(i, 0.0, 1e9)),
                                   scalar::pow(uniform(i, 0.0, 40.0), uniform(i + 1, -200.0, 190.0)),
                                   scalar::cos_pi(uniform(i, -4.0, 4.0))}) {
            hash = hash * 1099511628211u + std::bit_cast<std::uint64_t>(value);
        }
    }
    std::printf("hash of scalar functions: %llx\n", static_cast<unsigned long long>(hash));
    CHECK(hash == 0x896c95b7d4f69d5cu);
}

void test_scalar_special_values() {
    namespace scalar = fastgd::scalar;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double tiny = std::numeric_limits<double>::denorm_min();
    constexpr double huge = std::numeric_limits<double>::max();
    const auto same = [](double a, double b) {
        return (std::isnan(a) && std::isnan(b)) || (a == b && std::signbit(a) == std::signbit(b));
    };
    CHECK(scalar::exp(0.0) == 1.0 && scalar::exp(-0.0) == 1.0 && scalar::exp(tiny) == 1.0);
    CHECK(scalar::exp(infinity) == infinity && scalar::exp(-infinity) == 0.0 && std::isnan(scalar::exp(nan)));
    CHECK(scalar::exp(709.7827128933840) < infinity && scalar::exp(709.7827128933841) == infinity);
    CHECK(scalar::exp(-745.1332191019411) == tiny && scalar::exp(-745.1332191019412077) == 0.0);
    CHECK(same(scalar::log(1.0), 0.0) && scalar::log(0.0) == -infinity && scalar::log(-0.0) == -infinity);
    CHECK(std::isnan(scalar::log(-1.0)) && std::isnan(scalar::log(nan)) && scalar::log(infinity) == infinity);

    for (int i = 0; i < 8; ++i) {
        const double period = i < 4 ? 2.0 * i : 0x1p52 + 2.0 * i;
        CHECK(scalar::cos_pi(period) == 1.0 && scalar::cos_pi(-period) == 1.0 && scalar::cos_pi(period + 1.0) == -1.0);
        CHECK(same(scalar::cos_pi(i + 0.5), 0.0));
        CHECK(scalar::cos_pi(i + 0.375) == (i % 2 == 0 ? 1.0 : -1.0) * scalar::cos_pi(0.375));
    }
    CHECK(scalar::cos_pi(tiny) == 1.0 && scalar::cos_pi(huge) == 1.0 && scalar::cos_pi(-0x1p53) == 1.0);
    CHECK(std::isnan(scalar::cos_pi(infinity)) && std::isnan(scalar::cos_pi(nan)));

    // std::pow follows C's Annex F; where these results are not special they are powers of two, and so exact.
    const double values[] = {0.0,      -0.0,      1.0, -1.0,   0.5,     -0.5,       2.0,  -2.0,
                             3.0,      -3.0,      4.0, -4.0,   tiny,    -tiny,      huge, -huge,
                             infinity, -infinity, nan, 0x1p53, -0x1p53, 0x1p52 + 1, 1e300};
    const double bases[] = {0.0, -0.0, 1.0, -1.0, 4.0, -4.0, 0.25, -0.25, infinity, -infinity, nan};
    for (const double base : bases) {
        for (const double power : values) {
            if (!same(scalar::pow(base, power), std::pow(base, power))) {
                std::fprintf(stderr, "pow(%g, %g) = %g\n", base, power, scalar::pow(base, power));
                CHECK(false && "as Annex F says");
            }
        }
    }
}

// Choice of the instruction set --------------------------------------------------------------------------------------

void test_features() {
    using fastgd::CpuFeature;
    using fastgd::CpuFeatures;
    using fastgd::features_from;
    fastgd::CpuidWords everything{0xFFFFFFFFu, 0xFFFFFFFFu, 0xFFFFFFFFu, 0xFFFFFFFFu};
    const CpuFeatures avx512 = CpuFeature::avx512f | CpuFeature::avx512bw | CpuFeature::avx512dq | CpuFeature::avx512vl;
    const CpuFeatures avx2 = CpuFeature::avx2 | CpuFeature::fma | CpuFeature::f16c | CpuFeature::avx;
    CHECK(features_from(everything).contains(avx512 | avx2 | CpuFeature::bmi2 | CpuFeature::lzcnt));

    // An operating system that saves AVX's registers and not those of AVX-512; one that saves neither; one too old to
    // say.
    fastgd::CpuidWords words = everything;
    words.xcr0 = 0x7;
    CHECK(features_from(words).contains(avx2) && !features_from(words).contains(CpuFeature::avx512f));
    words.xcr0 = 0x3;
    CHECK(!features_from(words).contains(CpuFeature::avx) && features_from(words).contains(CpuFeature::sse4_2));
    words = everything;
    words.leaf1_ecx &= ~(1u << 27);
    CHECK(!features_from(words).contains(CpuFeature::avx2) && !features_from(words).contains(CpuFeature::fma));
    words = everything;
    words.leaf7_ebx &= ~(1u << 30);
    CHECK(!features_from(words).contains(CpuFeature::avx512bw) && features_from(words).contains(CpuFeature::avx512f));
    CHECK(features_from({}) == CpuFeatures());
    CHECK(features_from({}).contains(CpuFeature::none));

    // Zen 4, Zen 5, a processor of Intel whose family is written in the same way.
    constexpr std::uint32_t kAmd = 0x68747541;
    constexpr std::uint32_t kIntel = 0x756e6547;
    const auto of = [](std::uint32_t vendor, std::uint32_t family) {
        return fastgd::CpuidWords{.leaf0_ebx = vendor, .leaf1_eax = family};
    };
    CHECK(fastgd::fetches_to_l2_from(of(kAmd, 0x00A10F11)));
    CHECK(!fastgd::fetches_to_l2_from(of(kAmd, 0x00B40F40)));
    CHECK(!fastgd::fetches_to_l2_from(of(kIntel, 0x00A10F11)));
    CHECK(!fastgd::fetches_to_l2_from(of(kAmd, 0x00A1011F)));
    CHECK(!fastgd::fetches_to_l2_from({}));
}

void test_choice() {
    using fastgd::choose_isa;
    using fastgd::CpuFeature;
    using fastgd::CpuFeatures;
    using fastgd::Isa;
    const Isa table[] = {{"avx512", CpuFeature::avx2 | CpuFeature::avx512f, nullptr},
                         {"avx2", CpuFeature::avx2, nullptr},
                         {"generic", CpuFeature::none, nullptr}};
    const CpuFeatures all = CpuFeature::avx2 | CpuFeature::avx512f;
    CHECK(choose_isa(table, all, "").name == "avx512");
    CHECK(choose_isa(table, all, "avx2").name == "avx2");
    CHECK(choose_isa(table, all, "generic").name == "generic");
    CHECK(choose_isa(table, CpuFeature::avx2, "").name == "avx2");
    CHECK(choose_isa(table, CpuFeature::avx512f, "").name == "generic");
    CHECK(choose_isa(table, {}, "").name == "generic");

    const auto refusal = [&](CpuFeatures available, const char* requested) {
        return message_of<std::invalid_argument>([&] { choose_isa(table, available, requested); });
    };
    const std::string lacking = refusal(CpuFeature::avx2, "avx512");
    CHECK(has(lacking, "FASTGD_SIMD='avx512'") && has(lacking, "this machine lacks it"));
    CHECK(has(lacking, "allowed here are 'avx2', 'generic'"));
    CHECK(has(refusal(all, "neon"), "this build does not contain it"));
    CHECK(has(refusal(all, "AVX2"), "no such instruction set"));
    CHECK(has(refusal(all, "avx"), "no such instruction set"));
}

void test_dispatch() {
    const std::vector<std::string> levels = fastgd::simd_levels();
    CHECK(!levels.empty() && levels.back() == FASTGD_LOWEST_ISA);
    CHECK(fastgd::isa_table().back().name == FASTGD_LOWEST_ISA);
#if defined(HAS_FORK)
    // In children: the choice of a process is made once.
    for (const std::string& level : levels) {
        CHECK(in_child([&] {
            setenv("FASTGD_SIMD", level.c_str(), 1);
            const fastgd::KernelTable* chosen = &fastgd::kernels();
            for (const fastgd::Isa& isa : fastgd::isa_table()) {
                CHECK((&isa.table() == chosen) == (isa.name == level));
            }
            return fastgd::simd_level() == level && fastgd::simd_levels() == levels;
        }));
    }
    CHECK(in_child([&] {
        setenv("FASTGD_SIMD", "sse9", 1);
        const std::string refusal = message_of<std::invalid_argument>([] { fastgd::kernels(); });
        CHECK(has(refusal, "FASTGD_SIMD='sse9'") && has(refusal, "'" FASTGD_LOWEST_ISA "'"));
        CHECK(!message_of<std::invalid_argument>([] { fastgd::simd_level(); }).empty());
        setenv("FASTGD_SIMD", "", 1);
        return fastgd::simd_level() == levels.front();  // corrected, and so no longer refused
    }));
    // What the order of rows is must not depend on the choice either.
    const auto orders = [] {
        const fastgd::Permutation order(60001, 5, 2);
        std::vector<std::int64_t> there_and_back(2 * 60001);
        order.fill(0, 60001, there_and_back.data());
        order.find(0, 60001, there_and_back.data() + 60001);
        return there_and_back;
    };
    const std::vector<std::int64_t> chosen_ones = orders();
    CHECK(in_child([&] {
        setenv("FASTGD_SIMD", "generic", 1);
        return orders() == chosen_ones;
    }));
#endif
}

// Processor limits ---------------------------------------------------------------------------------------------------

// A made-up tree of files that is gone afterwards.
class Tree {
public:
    Tree() : root_(std::filesystem::temp_directory_path() / "fastgd_runtime_test") {
        std::filesystem::remove_all(root_);
    }
    ~Tree() { std::filesystem::remove_all(root_); }
    Tree(const Tree&) = delete;
    Tree& operator=(const Tree&) = delete;

    void write(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }
    std::string root() const { return root_.string() + "/"; }

private:
    std::filesystem::path root_;
};

void test_cgroups() {
    const std::string v2 = "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
    const std::string v1 = "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n";
    {
        const Tree tree;
        CHECK(fastgd::cgroup_cpus(tree.root()) == 0);
    }
    {
        const Tree tree;  // the least along the way up counts, rounded up
        tree.write("proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda rw\n" + v2);
        tree.write("proc/self/cgroup", "0::/system/job\n");
        tree.write("sys/fs/cgroup/system/job/cpu.max", "max 100000\n");
        CHECK(fastgd::cgroup_cpus(tree.root()) == 0);
        tree.write("sys/fs/cgroup/system/cpu.max", "250000 100000\n");
        CHECK(fastgd::cgroup_cpus(tree.root()) == 3);
        tree.write("sys/fs/cgroup/system/job/cpu.max", "50000 100000\n");
        CHECK(fastgd::cgroup_cpus(tree.root()) == 1);
    }
    {
        const Tree tree;  // v1, and a v2 beside it that has no processor controller
        tree.write("proc/self/mountinfo", v1 + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
        tree.write("proc/self/cgroup", "3:cpuset:/\n2:cpu,cpuacct:/box\n0::/\n");
        tree.write("sys/fs/cgroup/cpu/box/cpu.cfs_period_us", "100000\n");
        tree.write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "-1\n");
        CHECK(fastgd::cgroup_cpus(tree.root()) == 0);
        tree.write("sys/fs/cgroup/cpu/box/cpu.cfs_quota_us", "400000\n");
        CHECK(fastgd::cgroup_cpus(tree.root()) == 4);
    }
    {
        const Tree tree;  // in a container the group itself is what is mounted
        tree.write("proc/self/mountinfo", "32 31 0:29 /box/a /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
        tree.write("proc/self/cgroup", "0::/box/a\n");
        tree.write("sys/fs/cgroup/cpu.max", "150000 100000\n");
        CHECK(fastgd::cgroup_cpus(tree.root()) == 2);
        tree.write("proc/self/cgroup", "0::/../elsewhere\n");
        CHECK(fastgd::cgroup_cpus(tree.root()) == 2);
    }
    CHECK(fastgd::cgroup_cpus() >= 0);
    CHECK(fastgd::affinity_cpus() >= 1);
}

// Memory -------------------------------------------------------------------------------------------------------------

template <class F>
bool runs_out(F&& f) {
    try {
        f();
    } catch (const std::bad_alloc&) {
        return true;
    }
    return false;
}

void test_zeroed_memory() {
    constexpr std::size_t kMuch = std::size_t{1} << 22;
    for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, kMuch - 1, kMuch, kMuch + 5, 9 * kMuch})
        // Again where what was there before has been given back.
        for (int round = 0; round < 3; ++round) {
            fastgd::AlignedBuffer<std::uint8_t> buffer(size);
            CHECK(reinterpret_cast<std::uintptr_t>(buffer.data()) % fastgd::kCacheLine == 0);
            CHECK(std::all_of(buffer.data(), buffer.data() + size, [](std::uint8_t byte) { return byte == 0; }));
            std::fill_n(buffer.data(), size, std::uint8_t{255});
            const fastgd::AlignedBuffer<std::uint8_t> copy = buffer;
            fastgd::AlignedBuffer<std::uint8_t> other(3);
            other = std::move(buffer);
            CHECK(other.size() == size && std::equal(copy.data(), copy.data() + size, other.data()));
        }
    CHECK(runs_out([] { fastgd::AlignedBuffer<double>(SIZE_MAX / sizeof(double) + 1); }));
    CHECK(runs_out([] { fastgd::AlignedBuffer<std::uint8_t>{SIZE_MAX - 1}; }));
    CHECK(runs_out([] { fastgd::AlignedBuffer<std::uint8_t>{SIZE_MAX / 2}; }));
}

}  // namespace

int main(int argc, char** argv) {
    const bool thorough = argc > 1 && std::string(argv[1]) == "thorough";
    test_features();
    test_choice();
    test_dispatch();
    test_scalar_accuracy(thorough ? 10'000'000 : 100'000);
    test_scalar_special_values();
    test_cgroups();
    test_zeroed_memory();
    std::printf("%d failures\n", n_failed.load());
    return n_failed == 0 ? 0 : 1;
}
