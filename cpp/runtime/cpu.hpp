#pragma once

#include <cstdint>

namespace fastgd {

// Instruction sets that a row of the ISA table (cmake/isa.cmake) can require. The names are the table's.
enum class CpuFeature : std::uint32_t {
    none = 0,
    sse3 = 1u << 0,
    ssse3 = 1u << 1,
    sse4_1 = 1u << 2,
    sse4_2 = 1u << 3,
    popcnt = 1u << 4,
    avx = 1u << 5,
    f16c = 1u << 6,
    fma = 1u << 7,
    lzcnt = 1u << 8,
    bmi1 = 1u << 9,
    bmi2 = 1u << 10,
    avx2 = 1u << 11,
    avx512f = 1u << 12,
    avx512dq = 1u << 13,
    avx512bw = 1u << 14,
    avx512vl = 1u << 15,
};

// A set of features.
class CpuFeatures {
public:
    constexpr CpuFeatures() = default;
    constexpr CpuFeatures(CpuFeature feature) : bits_(static_cast<std::uint32_t>(feature)) {}

    constexpr CpuFeatures& operator|=(CpuFeatures other) {
        bits_ |= other.bits_;
        return *this;
    }
    friend constexpr CpuFeatures operator|(CpuFeatures a, CpuFeatures b) { return a |= b; }
    friend constexpr bool operator==(CpuFeatures, CpuFeatures) = default;

    constexpr bool contains(CpuFeatures other) const { return (bits_ & other.bits_) == other.bits_; }

private:
    std::uint32_t bits_ = 0;
};

constexpr CpuFeatures operator|(CpuFeature a, CpuFeature b) { return CpuFeatures(a) | CpuFeatures(b); }

// The answers of CPUID and XGETBV that decide; kept apart from `detect` so that a machine can be made up.
struct CpuidWords {
    std::uint32_t leaf1_ecx = 0;
    std::uint32_t leaf7_ebx = 0;
    std::uint32_t extended1_ecx = 0;
    std::uint64_t xcr0 = 0;
    // The first four letters of the vendor, and the family.
    std::uint32_t leaf0_ebx = 0;
    std::uint32_t leaf1_eax = 0;
};

// What these words allow: an instruction set counts only where the operating system saves its registers.
CpuFeatures features_from(const CpuidWords& words);

// What this machine allows. Asked once, then remembered.
CpuFeatures cpu_features();

// Whether rows that will be wanted next are better fetched into L2: where few lines may be on their way to L1 at once.
bool fetches_to_l2_from(const CpuidWords& words);
bool cpu_fetches_to_l2();

}  // namespace fastgd
