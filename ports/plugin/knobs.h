// Knobs of a kit's pads: the arithmetic of docs/bundles.md.
#pragma once

#include <vector>

#include "kit.h"

namespace backbeat {

// The values of a pad with a knob turned by an amount in its unit.
std::vector<double> turned(const std::vector<double>& values, const Knob& knob, double amount);

}  // namespace backbeat
