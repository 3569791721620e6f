#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <effv2/models/tables.hpp>
#include <effv2/version.hpp>
#include <iostream>
#include <string>
#include <vector>

#include "../seed_check.hpp"

namespace {

const std::vector<std::string> recipes = {"default", "sprint", "fast", "best", "fashion", "paper"};

// A named set of defaults.
Options recipe(const std::string& name) {
  Options o;
  o.recipe = name;
  if (name == "sprint") {
    // A fraction of an epoch, and no regularisation beyond smoothing.
    o.steps = 200, o.warmup_epochs = 0.043;
    o.learning_rate = 6e-3;
    o.dropout = o.drop_path = o.ema = 0.0;
    o.augment = "none";
  } else if (name == "fast") {
    // 99 % within seconds: a small network on small pictures, as few of them as that takes.
    o.model = "tiny", o.size = 20;
    o.steps = 450, o.batch = 112, o.warmup_epochs = 0.05;
    o.optimizer = "muon", o.momentum = 0.6, o.learning_rate = 8e-2;
    o.branch_gamma = 0.3, o.classifier_scale = 1.0;
    o.dropout = o.drop_path = o.ema = 0.0;
    o.augment = "none", o.evaluate = "end";
  } else if (name == "best") {
    // A small network at full resolution, and digits that are never the same twice. The rate does
    // not fall: the average over some four epochs of weights that still move errs less often than
    // the one point where a cosine comes to rest (with a stem of stride 2, learning from 10,000
    // images, 0.63 % of 50,000 held-out ones against 0.67 to 0.71 %, however long the cosine). For
    // its last quarter, four epochs, it sees digits almost as they are: what it is asked about
    // (with the full distortions to the end, learning from 40,000, 0.43 % of 20,000 held-out ones
    // instead of 0.38 %, seeds 1 and 2).
    o.model = "tiny", o.stem_stride = 1;
    o.epochs = 16;
    o.schedule = "constant", o.learning_rate = 3e-3, o.weight_decay = 0.05, o.ema = 0.9995;
    o.branch_gamma = o.classifier_scale = 1.0;
    o.drop_path = 0.0;
    o.augment = "elastic", o.last_augment = 0.25, o.evaluate = "end";
  } else if (name == "fashion") {
    // Pictures of clothes, of which many are hard to tell apart for people too: a larger network
    // than digits need, Muon, and mirrored pictures with a part painted over. Learning from 50,000
    // for some twelve minutes of one core, `mini` has 5.8 % of 10,000 held-out ones wrong, `tiny`
    // 6.1; pictures that grow from 20 to 28 pixels cost a narrower one 0.7 and save a tenth of the
    // time.
    o.model = "mini", o.stem_stride = 1;
    o.epochs = 22, o.warmup_epochs = 0.25;
    o.optimizer = "muon", o.momentum = 0.95, o.learning_rate = 1e-2, o.weight_decay = 0.05;
    o.branch_gamma = o.classifier_scale = 1.0;
    o.drop_path = 0.0;
    o.augment = "mirror", o.erase = 0.3, o.last_augment = 0.25, o.evaluate = "end";
  } else if (name == "paper") {
    // EfficientNetV2-S on ImageNet, to the letter: sections 4.2 and 5.1 (the learning rate follows
    // the batch, below); but for batch norm's momentum, which is the authors' code's 0.9 and not
    // the text's 0.99. Digits need but a fraction of it.
    o.epochs = 350, o.batch = 256, o.warmup_epochs = 5.0;
    o.optimizer = "rmsprop", o.schedule = "exponential";
    o.learning_rate = 0.016, o.weight_decay = 1e-5, o.ema = 0.9999;
    o.stages = 4, o.augment = "rand", o.dropout = 0.3, o.drop_path = 0.2;
    o.branch_gamma = o.classifier_scale = 1.0;
  }
  return o;
}

// The recipe has to be known before the other flags are read over its defaults.
std::string find_recipe(int argc, char** argv) {
  std::string name = "default";
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--recipe" && i + 1 < argc) name = argv[i + 1];
    if (argument.rfind("--recipe=", 0) == 0) name = argument.substr(9);
  }
  return name;  // the last one, as of every flag
}

// As CLI::IsMember, which costs a third of a second of compilation for every type of list.
CLI::Validator one_of(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "{" : ",") + name;
  list += "}";
  return {[names, list](std::string& value) {
            const bool found = std::find(names.begin(), names.end(), value) != names.end();
            return found ? std::string() : value + " not in " + list;
          },
          list};
}

void add_training_flags(CLI::App& app, Options& o) {
  auto* epochs = app.add_option("--epochs", o.epochs, "0: six, or as many as make 1000 steps")
                     ->check(CLI::Range(0, 100000));
  app.add_option("--steps", o.steps, "train for as many steps instead of whole epochs")
      ->check(CLI::Range(1, 1000000000))
      ->excludes(epochs);
  app.add_option("--batch", o.batch)->check(CLI::Range(1, 1 << 20));
  app.add_option("--lr", o.learning_rate, "peak learning rate")->check(CLI::PositiveNumber);
  app.add_option("--optimizer", o.optimizer)->check(one_of({"adamw", "muon", "rmsprop", "sgd"}));
  app.add_option("--momentum", o.momentum, "of all optimizers but adamw")
      ->check(CLI::Range(0.0, 0.999));
  app.add_option("--schedule", o.schedule)->check(one_of({"cosine", "exponential", "constant"}));
  app.add_option("--warmup", o.warmup_epochs, "epochs of linear warm-up")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--weight-decay", o.weight_decay)->check(CLI::NonNegativeNumber);
  app.add_option("--clip-norm", o.clip_norm, "largest norm of the gradient; 0: any")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--label-smoothing", o.label_smoothing)->check(CLI::Range(0.0, 0.999));
  app.add_option("--ema", o.ema, "decay of the averaged weights; 0: none")
      ->check(CLI::Range(0.0, 0.999999));
}

void add_picture_flags(CLI::App& app, Options& o) {
  app.add_option("--augment", o.augment,
                 "none; shift (2 px); affine (shift, rotate, scale); elastic (the same, shear, "
                 "stretch and smooth distortion); mirror (shift and mirror); rand (RandAugment)")
      ->check(one_of({"none", "shift", "affine", "elastic", "mirror", "rand"}));
  app.add_option("--last-augment", o.last_augment,
                 "strength of the augmentation in the last quarter of the run")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--mixup", o.mixup, "alpha")->check(CLI::Range(0.0, 1.0));
  app.add_option("--erase", o.erase, "probability of a rectangle painted over")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--size", o.size, "pixels to train and evaluate at; 0: the data's")
      ->check(CLI::Range(0, 4096));
  app.add_option(
         "--stages", o.stages,
         "progressive learning in as many stages, from --first-size and weak regularisation "
         "to all there is; 0: none")
      ->check(CLI::Range(0, 100));
  app.add_option("--first-size", o.first_size)->check(CLI::Range(1, 4096));
}

void add_network_flags(CLI::App& app, Options& o) {
  app.add_option("--activation", o.activation)->check(one_of({"silu", "relu", "hard_swish"}));
  app.add_option("--width", o.width, "factor on the channels of the model's table")
      ->check(CLI::Range(0.1, 10.0));
  app.add_option("--head", o.head, "width of the last convolution; 0: the model's")
      ->check(CLI::Range(0, 1 << 20));
  app.add_option("--stem-stride", o.stem_stride)->check(CLI::Range(1, 2));
  app.add_option("--dropout", o.dropout)->check(CLI::Range(0.0, 0.999));
  app.add_option("--drop-path", o.drop_path)->check(CLI::Range(0.0, 0.999));
  app.add_option("--branch-gamma", o.branch_gamma,
                 "start of the last batch norm's gamma in residual branches; the paper's is 1");
  app.add_option("--classifier-scale", o.classifier_scale,
                 "of the classifier's starting weights; the paper's is 1");
}

void add_run_flags(CLI::App& app, Options& o) {
  app.add_option("--accumulate", o.accumulate, "batches to a step")->check(CLI::Range(1, 1 << 20));
  app.add_option("--statistics", o.statistics,
                 "batches to estimate batch norm's statistics anew from at the end; 0: none")
      ->check(CLI::Range(0, 1000000));
  app.add_option("--evaluate", o.evaluate, "after every epoch, or once at the end")
      ->check(one_of({"epoch", "end"}));
  app.add_option("--patience", o.patience,
                 "epochs without progress that end the run; 0: any number")
      ->check(CLI::Range(0, 1000000));
  app.add_option(
         "--hold-out", o.hold_out,
         "about as many training images, the same part of each class, are kept out, and evaluated "
         "on instead of the test set")
      ->check(CLI::Range(0, 1 << 30));
  app.add_option("--threads", o.threads, "0: all cores")->check(CLI::Range(0, 256));
  app.add_option("--seed", o.seed)->check(seed_check());
  app.add_option("--non-finite", o.non_finite, "a step with a loss or gradient that is not finite")
      ->check(one_of({"stop", "skip"}));
  auto* out =
      app.add_option("--out", o.out,
                     "directory for report.html, model.safetensors, metrics.jsonl, run.json and "
                     "checkpoints/");
  app.add_option("--checkpoint-every", o.checkpoint_every,
                 "steps; the end of an epoch and Ctrl-C leave a checkpoint in any case")
      ->check(CLI::Range(1, 1000000000))
      ->needs(out);
  app.add_flag("--resume", o.resume,
               "go on from the last checkpoint, if there is one, of the same flags: a schedule "
               "knows its end, so an ended run gets no longer (finetune goes on from its network)")
      ->needs(out);
  app.add_flag("--quiet", o.quiet, "only the result");
}

void add_flags(CLI::App& app, Options& o) {
  std::vector<std::string> models;
  for (const effv2::models::ModelSpec& spec : effv2::models::all_models) {
    models.emplace_back(spec.name);
  }
  app.add_option("--data", o.data, "directory with MNIST's IDX files, plain or .gz");
  app.add_option("--model", o.model)->check(one_of(models));
  app.add_option("--recipe", o.recipe, "a set of defaults for everything below")
      ->check(one_of(recipes));
  add_training_flags(app, o);
  add_picture_flags(app, o);
  add_network_flags(app, o);
  add_run_flags(app, o);
}

}  // namespace

bool parse_command_line(int argc, char** argv, Options& options) {
  options = recipe(find_recipe(argc, argv));
  CLI::App app("Trains an EfficientNet on MNIST, from scratch, on the CPU.", "mnist_train");
  app.option_defaults()->always_capture_default()->multi_option_policy(
      CLI::MultiOptionPolicy::TakeLast);
  app.set_version_flag("--version", EFFV2_VERSION_STRING);
  add_flags(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    app.exit(request);
    return false;
  } catch (const CLI::ParseError& error) {
    throw UsageError{error.what()};
  }
  // The paper's rate is for a batch of 256, and in proportion for others.
  if (options.recipe == "paper" && app.count("--lr") == 0) {
    options.learning_rate *= static_cast<double>(options.batch) / 256.0;
  }
  // Whole epochs asked for by name put a recipe's step count aside.
  if (app.count("--epochs") > 0) options.steps = 0;
  if (options.stages > 0) {
    if (app.count("--last-augment") > 0) {
      throw UsageError{"--last-augment and --stages both cut the run into parts: give one of them"};
    }
    options.last_augment = 1.0;
  }
  if (app.count("--first-size") > 0 && options.stages == 0) {
    throw UsageError{"--first-size is of the first of several stages: give --stages"};
  }
  return true;
}
