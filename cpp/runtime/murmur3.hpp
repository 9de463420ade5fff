#pragma once

#include <cstdint>
#include <string_view>

namespace fastgd {

// MurmurHash3_x86_32 with seed 0, by Austin Appleby: the same number for the same bytes on every machine.
inline std::uint32_t murmur3(std::string_view bytes) {
    const auto rotated = [](std::uint32_t x, int by) { return x << by | x >> (32 - by); };
    const auto byte = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
    const auto mixed = [&](std::uint32_t block) { return rotated(block * 0xcc9e2d51U, 15) * 0x1b873593U; };
    const std::size_t whole = bytes.size() / 4 * 4;
    std::uint32_t hash = 0;
    for (std::size_t i = 0; i < whole; i += 4) {
        hash ^= mixed(byte(i) | byte(i + 1) << 8 | byte(i + 2) << 16 | byte(i + 3) << 24);
        hash = rotated(hash, 13) * 5 + 0xe6546b64U;
    }
    std::uint32_t rest = 0;
    for (std::size_t i = bytes.size(); i > whole; --i) rest = rest << 8 | byte(i - 1);
    hash ^= mixed(rest);
    hash ^= static_cast<std::uint32_t>(bytes.size());
    hash = (hash ^ hash >> 16) * 0x85ebca6bU;
    hash = (hash ^ hash >> 13) * 0xc2b2ae35U;
    return hash ^ hash >> 16;
}

}  // namespace fastgd
