#include "runtime/cpu.hpp"

#if defined(__x86_64__) || defined(__i386__) || ((defined(_M_X64) || defined(_M_IX86)) && !defined(_M_ARM64EC))
#define FASTGD_X86 1
#if defined(_MSC_VER)
#include <immintrin.h>
#include <intrin.h>
#else
#include <cpuid.h>
#endif
#endif

namespace fastgd {
namespace {

constexpr bool bit(std::uint64_t word, int position) { return ((word >> position) & 1u) != 0; }

CpuidWords read_cpuid() {
    CpuidWords words;
#if defined(FASTGD_X86) && defined(_MSC_VER)
    int out[4];
    __cpuid(out, 0);
    const int highest = out[0];
    words.leaf0_ebx = static_cast<std::uint32_t>(out[1]);
    if (highest < 1) return words;
    __cpuid(out, 1);
    words.leaf1_eax = static_cast<std::uint32_t>(out[0]);
    words.leaf1_ecx = static_cast<std::uint32_t>(out[2]);
    if (highest >= 7) {
        __cpuidex(out, 7, 0);
        words.leaf7_ebx = static_cast<std::uint32_t>(out[1]);
    }
    __cpuid(out, static_cast<int>(0x80000000u));
    if (static_cast<std::uint32_t>(out[0]) >= 0x80000001u) {
        __cpuid(out, static_cast<int>(0x80000001u));
        words.extended1_ecx = static_cast<std::uint32_t>(out[2]);
    }
    if (bit(words.leaf1_ecx, 27)) words.xcr0 = _xgetbv(0);
#elif defined(FASTGD_X86)
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) != 0) words.leaf0_ebx = ebx;
    if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0) {
        words.leaf1_eax = eax;
        words.leaf1_ecx = ecx;
    }
    if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) words.leaf7_ebx = ebx;
    if (__get_cpuid(0x80000001u, &eax, &ebx, &ecx, &edx) != 0) words.extended1_ecx = ecx;
    if (bit(words.leaf1_ecx, 27)) {
        // As an instruction, not as a builtin: that one needs -mxsave, which would let XSAVE into the baseline code.
        unsigned low = 0;
        unsigned high = 0;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        words.xcr0 = (static_cast<std::uint64_t>(high) << 32) | low;
    }
#endif
    return words;
}

}  // namespace

CpuFeatures features_from(const CpuidWords& words) {
    constexpr std::uint64_t avx_state = 0x6;         // XMM and the upper halves of YMM
    constexpr std::uint64_t avx512_state = 0xE6;     // and the masks, the upper halves of ZMM, ZMM16-31
    const bool os_saves = bit(words.leaf1_ecx, 27);  // OSXSAVE: XCR0 may be read
    const bool avx_saved = os_saves && (words.xcr0 & avx_state) == avx_state;
    const bool avx512_saved = os_saves && (words.xcr0 & avx512_state) == avx512_state;

    struct Row {
        CpuFeature feature;
        std::uint32_t word;
        int position;
        bool saved;
    };
    const Row rows[] = {
        {CpuFeature::sse3, words.leaf1_ecx, 0, true},
        {CpuFeature::ssse3, words.leaf1_ecx, 9, true},
        {CpuFeature::fma, words.leaf1_ecx, 12, avx_saved},
        {CpuFeature::sse4_1, words.leaf1_ecx, 19, true},
        {CpuFeature::sse4_2, words.leaf1_ecx, 20, true},
        {CpuFeature::popcnt, words.leaf1_ecx, 23, true},
        {CpuFeature::avx, words.leaf1_ecx, 28, avx_saved},
        {CpuFeature::f16c, words.leaf1_ecx, 29, avx_saved},
        {CpuFeature::lzcnt, words.extended1_ecx, 5, true},
        {CpuFeature::bmi1, words.leaf7_ebx, 3, true},
        {CpuFeature::avx2, words.leaf7_ebx, 5, avx_saved},
        {CpuFeature::bmi2, words.leaf7_ebx, 8, true},
        {CpuFeature::avx512f, words.leaf7_ebx, 16, avx512_saved},
        {CpuFeature::avx512dq, words.leaf7_ebx, 17, avx512_saved},
        {CpuFeature::avx512bw, words.leaf7_ebx, 30, avx512_saved},
        {CpuFeature::avx512vl, words.leaf7_ebx, 31, avx512_saved},
    };

    CpuFeatures features;
    for (const Row& row : rows)
        if (row.saved && bit(row.word, row.position)) features |= row.feature;
    return features;
}

CpuFeatures cpu_features() {
    static const CpuFeatures features = features_from(read_cpuid());
    return features;
}

bool fetches_to_l2_from(const CpuidWords& words) {
    constexpr std::uint32_t kAmd = 0x68747541;  // "Auth"
    constexpr std::uint32_t kZen3And4 = 25;
    const std::uint32_t base = words.leaf1_eax >> 8 & 0xF;
    const std::uint32_t family = base == 0xF ? base + (words.leaf1_eax >> 20 & 0xFF) : base;
    return words.leaf0_ebx == kAmd && family == kZen3And4;
}

bool cpu_fetches_to_l2() {
    static const bool does = fetches_to_l2_from(read_cpuid());
    return does;
}

}  // namespace fastgd
