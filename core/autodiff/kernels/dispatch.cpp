#include "core/autodiff/kernels/dispatch.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/autodiff/kernels/levels.h"
#include "core/autodiff/kernels/window_places.h"
#include "core/autodiff/tensor.h"
#include "core/base/error.h"

namespace dna::autodiff {
namespace {

std::vector<const Kernels<float>*> levelsOfMachine() {
    __builtin_cpu_init();
    std::vector<const Kernels<float>*> levels{&baselineKernels()};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) levels.push_back(&avx2Kernels());
    if (__builtin_cpu_supports("avx512f")) levels.push_back(&avx512Kernels());
    return levels;
}

const Kernels<float>* levelOf(int bits) {
    for (const Kernels<float>* level : kernelLevels())
        if (level->bits == bits) return level;
    return nullptr;
}

/// What DNA_SIMD asks for, or the widest.
const Kernels<float>* firstChoice() {
    const char* wanted = std::getenv("DNA_SIMD");
    if (wanted == nullptr || *wanted == '\0') return kernelLevels().back();
    const std::string text = wanted;
    const Kernels<float>* level = text == "128" || text == "256" || text == "512" ? levelOf(std::stoi(text)) : nullptr;
    if (level == nullptr)
        throw base::InputError("DNA_SIMD", "",
                               "expected 128, 256 or 512 as far as this processor has them (" +
                                   std::to_string(kernelLevels().back()->bits) + " at most), found \"" + text + "\"");
    return level;
}

const Kernels<float>*& chosen() {
    static const Kernels<float>* level = firstChoice();
    return level;
}

}  // namespace

const std::vector<const Kernels<float>*>& kernelLevels() {
    static const std::vector<const Kernels<float>*> levels = levelsOfMachine();
    return levels;
}

template <>
const Kernels<float>& kernels<float>() {
    return *chosen();
}
template <>
const Kernels<double>& kernels<double>() {
    return doubleKernels();
}

bool chooseKernels(int bits) {
    const Kernels<float>* level = levelOf(bits);
    if (level) chosen() = level;
    return level != nullptr;
}

GradientTile gradientTile(const Window& w) {
    const int border = window::border(w);
    return {w.out_width + border + window::borderEnd(w.width, w.out_width, w),
            w.out_height + border + window::borderEnd(w.height, w.out_height, w), border};
}

template <class T>
void spreadWeights(const Window& w, const T* weight, T* spread) {
    for (int row_class = 0; row_class < w.stride; ++row_class)
        for (int column_class = 0; column_class < w.stride; ++column_class)
            for (int r = window::taps(w, row_class) - 1; r >= 0; --r)
                for (int c = window::taps(w, column_class) - 1; c >= 0; --c, spread += kLanes)
                    std::copy_n(weight + ((row_class + r * w.stride) * w.kernel + column_class + c * w.stride) * kLanes,
                                kLanes, spread);
}

template void spreadWeights<float>(const Window&, const float*, float*);
template void spreadWeights<double>(const Window&, const double*, double*);

}  // namespace dna::autodiff
