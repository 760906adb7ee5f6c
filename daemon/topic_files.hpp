// The files of the topics stage: rule packs and a trained model, read for it, since stages do no
// I/O. In main's thread, before others start. Errors: StartError (exit code 78), with the file, the
// line and the column of each mistake in a pack.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pipeline/config.hpp"
#include "stages/topics.hpp"
#include "stages/topics/model.hpp"
#include "stages/topics/pack.hpp"

namespace newsmill {

// Of files, and of the *.topics and *.json in folders, by name.
std::vector<topics::Pack> read_packs(const std::vector<std::string>& paths);

// Held in memory as long as the model lives.
std::shared_ptr<const topics::Model> open_model(const std::string& path);

// The rules and the model that the configuration names; rules stay null (the built-in ones) if it
// names no packs.
TopicsOptions topics_options(const Config& config);

}  // namespace newsmill
