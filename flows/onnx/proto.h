#pragma once

// The compiled schema of ONNX files, in the variant that Debian's libonnx_proto is built with.
#define ONNX_ML
#include <onnx/onnx_pb.h>
