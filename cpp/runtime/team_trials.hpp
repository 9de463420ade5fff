#pragma once

#include <chrono>

namespace fastgd {

// Whether a team is worth trying, for the whole process. It is not where other processes or pools of threads have the
// processors: whoever has one waits there for who has none. What a team loses against one thread is the price of having
// tried it, and none is tried again before ten times as long has passed: so all tries cost at most a tenth of the time.
// Descents and passes that add up blocks ask; what is too short to be worth a measurement does not.
bool team_may_begin();

// A team has just ended that took longer than one thread would have, by so much; negative where it was faster.
void team_has_lost(std::chrono::duration<double> by);

// Whether FASTGD_TEAMS=always asks for teams, however slow: tests of threads do.
bool teams_are_forced();

}  // namespace fastgd
