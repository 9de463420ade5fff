#ifndef FASTGD_USER_LOSS_H
#define FASTGD_USER_LOSS_H

/* A loss of one's own as a C function: what fastgd.LinearObjective takes as `loss` beside names and Python functions.
 */

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Writes the loss of each row and its derivatives in the row's raw scores. Arrays are in C order:
 *
 *     raw    n_rows x n_outputs   raw scores, finite
 *     y      n_rows x n_outputs   targets of a regression, or
 *            n_rows               class indices, where the objective was given n_classes (= n_outputs)
 *     loss   n_rows               to write; NaN before
 *     dloss  n_rows x n_outputs   to write: dloss/draw; NaN before
 *
 * Row i of `loss` and `dloss` may depend on nothing but row i of `y` and `raw`: which rows come together, and of how
 * many models, is not defined. Weights, penalties and the mean are not its business.
 *
 * All numbers are doubles, so that one function serves data of every type: where the arithmetic is in float32, scores
 * are widened before the call and the results rounded after it.
 *
 * It is called from several threads at once, also for the same rows, and must not throw, exit or jump out. NaN says
 * that it does not know: where descent comes upon it, it has diverged.
 */
typedef void (*fastgd_user_loss)(const double* y, const double* raw, int64_t n_rows, int64_t n_outputs, double* loss,
                                 double* dloss);

#ifdef __cplusplus
}
#endif

#endif
