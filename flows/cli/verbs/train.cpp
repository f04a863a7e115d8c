#include <fmt/format.h>

#include <memory>

#include "flows/accuracy.h"
#include "flows/cli/verb.h"
#include "flows/data_source.h"
#include "flows/qat_stage.h"
#include "flows/train.h"

namespace dna::flows {
namespace {

struct Arguments {
    TrainStage train;
    DataArguments data;
    int pictures = 0;
    bool qat = false;
    nn::QuantizeOptions quantization;
    WeightWidths weight_widths;
    std::optional<int> epochs;
    std::optional<double> rate, warmup_epochs, weight_decay;
};

/// What was given replaces the recipe's defaults, which differ for a network that is trained already.
TrainRecipe recipeOf(const Arguments& arguments) {
    TrainRecipe recipe = arguments.qat ? qatRecipe() : TrainRecipe{};
    recipe.batch = arguments.train.recipe.batch;
    recipe.label_smoothing = arguments.train.recipe.label_smoothing;
    recipe.ema_decay = arguments.train.recipe.ema_decay;
    recipe.epochs = arguments.epochs.value_or(recipe.epochs);
    recipe.rate = arguments.rate.value_or(recipe.rate);
    recipe.warmup_epochs = arguments.warmup_epochs.value_or(recipe.warmup_epochs);
    recipe.weight_decay = arguments.weight_decay.value_or(recipe.weight_decay);
    return recipe;
}

int runQat(const Arguments& arguments, VerbContext& context) {
    const TrainStage& train = arguments.train;
    const base::Json result = qatStage({.network_json = train.network_json,
                                        .source = train.source,
                                        .recipe = train.recipe,
                                        .quantization = arguments.quantization,
                                        .weight_widths = arguments.weight_widths,
                                        .out = train.out,
                                        .seed = train.seed,
                                        .threads = train.threads,
                                        .resume = train.resume,
                                        .allow_drift = train.allow_drift,
                                        .stop_after = train.stop_after},
                                       context.log);
    if (result.contains("stopped_by")) {
        context.print(result, "stopped as asked; continue with --resume");
        return kDone;
    }
    context.print(result, fmt::format("accuracy on the same {} test pictures: float {:.2f} %, {} quantised after training "
                                      "{:.2f} %, trained under rounding {:.2f} %; the integer network is in {}",
                                      result.at("test_pictures").get<int>(), 100 * result.at("accuracy_float").get<double>(),
                                      widthsText(result), 100 * result.at("accuracy_after_training").get<double>(),
                                      100 * result.at("accuracy_qat").get<double>(), train.out.string()));
    return kDone;
}

int run(Arguments& arguments, VerbContext& context) {
    TrainStage& train = arguments.train;
    train.source = arguments.data.source();
    if (arguments.pictures > 0) train.source.training = arguments.pictures;
    train.recipe = recipeOf(arguments);
    if (arguments.qat) return runQat(arguments, context);
    const base::Json result = trainStage(train, context.log);
    if (result.contains("stopped_by"))
        context.print(result, "stopped as asked; continue with --resume");
    else
        context.print(result, fmt::format("accuracy {:.2f} % on {} test pictures; the network is in {}",
                                          100 * result.at("accuracy").get<double>(),
                                          result.at("test_pictures").get<int>(), train.out.string()));
    return kDone;
}

void declareRecipe(CLI::App& app, Arguments& arguments) {
    TrainRecipe& recipe = arguments.train.recipe;
    app.add_option("--epochs", arguments.epochs, "passes over the pictures (12; with --qat 4)")->check(CLI::Range(1, 10000));
    app.add_option("--batch", recipe.batch, "pictures a step")->check(CLI::Range(2, 4096))->capture_default_str();
    app.add_option("--rate", arguments.rate, "peak learning rate (0.1; with --qat 0.01)")->check(CLI::Range(1e-8, 100.0));
    app.add_option("--warmup-epochs", arguments.warmup_epochs, "epochs in which the rate rises (1; with --qat 0.5)")
        ->check(CLI::Range(0.0, 1000.0));
    app.add_option("--weight-decay", arguments.weight_decay, "of weights (0.0005; with --qat 0)")->check(CLI::Range(0.0, 1.0));
    app.add_option("--label-smoothing", recipe.label_smoothing, "share of the wanted answer that goes to all classes alike")
        ->check(CLI::Range(0.0, 0.9))
        ->capture_default_str();
    app.add_option("--ema-decay", recipe.ema_decay, "the result is the exponential mean of the weights (0: the last weights)")
        ->check(CLI::Range(0.0, 0.999999))
        ->capture_default_str();
}

void declareQat(CLI::App& app, Arguments& arguments) {
    CLI::Option* qat = app.add_flag("--qat", arguments.qat,
                                    "quantisation-aware: train a trained network on under rounding; the result is an integer network");
    app.add_option("--bits", arguments.quantization.widths.bits, "with --qat: of activations, and of weights whose width nothing else states")
        ->needs(qat)
        ->check(CLI::IsMember({2, 3, 4, 5, 6, 7, 8, 16}))
        ->capture_default_str();
    arguments.weight_widths.declare(app);
    for (const char* name : {"--weight-bits", "--weight-bits-of"}) app.get_option(name)->needs(qat);
    app.add_option("--multiplier-bits", arguments.quantization.widths.multiplier_bits, "with --qat: of the requantisation multipliers")
        ->needs(qat)
        ->check(CLI::IsMember({16, 32}))
        ->capture_default_str();
}

}  // namespace

void register_train(VerbRegistry& verbs) {
    verbs.add({.name = "train",
               .summary = "train a network on labelled pictures",
               .example = "dna train --network network.json --data shapes --out RUN\n"
                          "  dna train --network RUN/network.json --data shapes --qat --bits 4 --out RUN4",
               .declare = [](CLI::App& app) {
                   auto arguments = std::make_shared<Arguments>();
                   TrainStage& train = arguments->train;
                   app.add_option("--network", train.network_json, "network file (dna.network)")->required();
                   arguments->data.declare(app, "pictures to train on", true);
                   app.add_option("--pictures", arguments->pictures, "training pictures to use (0: all)")
                       ->check(CLI::Range(0, 100000000));
                   app.add_option("--out", train.out, "run folder to make")->required();
                   declareRecipe(app, *arguments);
                   declareQat(app, *arguments);
                   app.add_option("--seed", train.seed, "seed of all random draws")->capture_default_str();
                   app.add_option("--threads", train.threads, "threads (0: all cores)")->check(CLI::Range(0, 256));
                   app.add_option("--stop-after-iterations", train.stop_after,
                                  "stop with a checkpoint after so many steps of this call (0: train to the end)")
                       ->check(CLI::Range(0L, 1000000000L));
                   app.add_flag("--resume", train.resume, "continue a stopped run");
                   app.add_flag("--allow-drift", train.allow_drift,
                                "continue although this machine's kernels round differently");
                   return [arguments](VerbContext& context) { return run(*arguments, context); };
               }});
}

}  // namespace dna::flows
