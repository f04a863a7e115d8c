#include "flows/cli/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "core/autodiff/kernels/dispatch.h"
#include "core/base/error.h"
#include "flows/cli/console.h"

namespace dna::flows {
namespace {

/// The verb's subcommand and what to do when it is chosen.
using Actions = std::map<CLI::App*, std::function<int(VerbContext&)>>;

void declareVerbs(CLI::App& app, const VerbRegistry& registry, Actions& actions) {
    std::vector<Verb> verbs = registry.verbs();
    std::sort(verbs.begin(), verbs.end(), [](const Verb& a, const Verb& b) { return a.name < b.name; });
    for (const Verb& verb : verbs) {
        CLI::App* sub = app.add_subcommand(verb.name, verb.summary);
        sub->footer("--json prints the result as one JSON object; messages go to standard error.\nExample:\n  " + verb.example);
        sub->fallthrough();
        actions[sub] = verb.declare(*sub);
    }
}

/// CLI11's complaint with the nearest verb when the first word is no verb.
std::string complaint(const CLI::ParseError& error, int argc, const char* const* argv, const VerbRegistry& registry) {
    std::string text = error.what();
    if (argc < 2) return text;
    std::vector<std::string> names;
    for (const Verb& verb : registry.verbs()) names.push_back(verb.name);
    const std::string word = argv[1];
    if (word.empty() || word[0] == '-' || std::find(names.begin(), names.end(), word) != names.end()) return text;
    const std::string near = base::nearest(word, names);
    return fmt::format("unknown verb \"{}\"{}", word, near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
}

/// The first option on the command line that the verb does not have, with the nearest one that it has; else empty. The
/// parser itself would complain about the required option that a misspelt one left out.
std::string unknownOption(int argc, const char* const* argv, const CLI::App& app) {
    const std::vector<const CLI::App*> verbs =
        app.get_subcommands([&](const CLI::App* verb) { return argc > 1 && verb->get_name() == argv[1]; });
    if (verbs.empty()) return {};
    std::vector<std::string> names;
    for (const CLI::Option* option : verbs.front()->get_options())
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (int i = 2; i < argc; ++i) {
        const std::string word = std::string(argv[i]).substr(0, std::string(argv[i]).find('='));
        if (word.size() < 3 || word.rfind("--", 0) != 0 || word == "--json") continue;
        if (std::find(names.begin(), names.end(), word) != names.end()) continue;
        const std::string near = base::nearest(word, names);
        return fmt::format("unknown option \"{}\"{}", word,
                           near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near));
    }
    return {};
}

int usageError(const CLI::ParseError& error, int argc, const char* const* argv, const VerbRegistry& registry,
               const CLI::App& app) {
    const std::string unknown = unknownOption(argc, argv, app);
    fmt::print(stderr, "dna: {}\nRun \"dna --help\" or \"dna VERB --help\".\n",
               unknown.empty() ? complaint(error, argc, argv, registry) : unknown);
    return kBadInput;
}

void printResult(bool json, const base::Json& result, const std::string& plain) {
    if (json) fmt::print("{}\n", result.dump(2, ' ', false, base::Json::error_handler_t::replace));
    else fmt::print("{}{}", plain, plain.empty() || plain.back() == '\n' ? "" : "\n");
    if (std::fflush(stdout) != 0) throw base::ToolError("cannot write the result to standard output");
}

}  // namespace

int runProgram(int argc, const char* const* argv, const VerbRegistry& registry) {
    CLI::App app("DNA searches a neural network and its accelerator together and emits verified hardware.", "dna");
    bool json = false;
    app.add_flag("--json", json, "print the result as one JSON object on standard output");
    app.set_version_flag("--version", "dna " DNA_VERSION);
    app.require_subcommand(1);
    Actions actions;
    try {
        declareVerbs(app, registry, actions);
        app.parse(argc, argv);
    } catch (const CLI::Success& success) {
        return app.exit(success) == 0 ? kDone : kBadInput;
    } catch (const CLI::ParseError& error) {
        return usageError(error, argc, argv, registry, app);
    }
    autodiff::kernels<float>();  // a wrong DNA_SIMD is an error now, not in the middle of a run
    ConsoleLog log;
    VerbContext context{log, json, [json](const base::Json& result, const std::string& plain) {
                            printResult(json, result, plain);
                        }};
    return actions.at(app.get_subcommands().front())(context);
}

}  // namespace dna::flows
