// Every kernel, for the policy that the including level defines; `vector.inl` comes first.
#include "core/autodiff/kernels/vector.inl"
// clang-format off
#include "core/autodiff/kernels/fetch.inl"
#include "core/autodiff/kernels/product.inl"
#include "core/autodiff/kernels/window.inl"
#include "core/autodiff/kernels/lines.inl"
// clang-format on
