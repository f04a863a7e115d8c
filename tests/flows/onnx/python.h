#pragma once

#include <string>
#include <vector>

#include "core/base/process.h"

/// Debian's Python with torch and onnx; "" when it is there, else what is missing.
inline std::string missingTorch() {
    static const std::string missing = [] {
        if (dna::base::findProgram("/usr/bin/python3").empty()) return "python3 is not installed";
        const auto run = dna::base::runProcess({.command = {"/usr/bin/python3", "-c", "import torch, onnx"}});
        return run.ok() ? "" : "python3-torch or python3-onnx is not installed";
    }();
    return missing;
}

/// Runs a script of tests/flows/onnx; its output when it fails.
inline std::string runScript(const std::string& script, const std::vector<std::string>& arguments) {
    std::vector<std::string> command{"/usr/bin/python3", std::string(DNA_SOURCE_DIR) + "/tests/flows/onnx/" + script};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const auto run = dna::base::runProcess(
        {.command = command, .variables = {{"PYTHONDONTWRITEBYTECODE", "1"}}, .timeout_seconds = 300});
    return run.ok() ? "" : "exit code " + std::to_string(run.exit_code) + "\n" + run.output;
}
