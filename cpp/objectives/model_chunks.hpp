#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace fastgd {

// visit(begin, end) for models that are evaluated in the same pass over the data: as many as share it well, of which a
// copy stays small.
template <class Visit>
void for_model_chunks(std::size_t n_models, std::size_t n_params, std::int64_t n_scores, Visit&& visit) {
    constexpr std::size_t kParams = std::size_t{1} << 20;
    constexpr std::int64_t kScores = 128;
    const auto by_scores = static_cast<std::size_t>(std::max<std::int64_t>(1, kScores / n_scores));
    const std::size_t at_once = std::clamp<std::size_t>(kParams / n_params, 1, by_scores);
    for (std::size_t begin = 0; begin < n_models; begin += at_once) visit(begin, std::min(n_models, begin + at_once));
}

}  // namespace fastgd
