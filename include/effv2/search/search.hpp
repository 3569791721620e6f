// Architecture search: proposes candidates, has them evaluated, and keeps a journal.
#pragma once

#include <chrono>
#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "../core/error.hpp"
#include "../core/isa.hpp"
#include "../models/block_spec.hpp"
#include "journal.hpp"
#include "reward.hpp"
#include "searcher.hpp"
#include "space.hpp"

namespace effv2::inline EFFV2_ISA::search {

/// Finds out about a candidate: trains it for a while, say (Proxy in proxy.hpp). Nothing ends the
/// search, and the candidate is proposed again when it is resumed.
using Evaluate = std::function<std::optional<Measurement>(const Candidate&)>;

/// The step time of a table as a multiple of the reference's: a StepTimePrediction, or any other
/// function of the table alone.
using Predict = std::function<double(const models::ModelSpec&)>;

/// Goes on until the journal has records of as many candidates as the options say, or of all.
///
/// The reward that decides what is proposed next takes the step time that `predict` tells, not the
/// one that was measured. A measured time is another one in every run, and one comparison that
/// comes out differently leads to other candidates from there on. Accuracies are the same bits in
/// every run, and the layers' times stand in the journal. So a search that is cut and resumed
/// leaves the journal of one that was not, but for what is measured; and so does one that begins
/// anew with the layers' times of another one.
///
/// A journal is gone through first: each candidate and reward must be what this search would have
/// written, else Error(format). `on_record` is called for each new record.
inline void run_search(Journal& journal, const Space& space, const SearchOptions& o,
                       const Predict& predict, const Evaluate& evaluate,
                       const std::function<void(const Record&)>& on_record = {}) {
  EFFV2_CHECK(journal.configuration().starts_with(configuration_text(space, o)),
              ErrorCode::invalid_argument,
              "[search] the journal's configuration has to begin with the search's");
  // Not after the first candidate's training.
  EFFV2_CHECK(o.reference_parameters > 0, ErrorCode::invalid_argument,
              "[search] expected reference_parameters above 0, got ", o.reference_parameters);
  static_cast<void>(reward(1.0, 1.0, 1.0, o.reward));
  const auto step_time_of = [&](const Candidate& candidate) {
    return predict(candidate.to_spec(space.backbone()));
  };
  const auto score = [&](Record& record) {
    record.reward = reward(record.measurement.accuracy, record.predicted_step_time,
                           static_cast<double>(record.measurement.parameters) /
                               static_cast<double>(o.reference_parameters),
                           o.reward);
  };
  std::vector<Scored> history;
  for (const Record& record : journal.records()) {
    const std::optional<Candidate> expected = propose(space, o, history);
    Record again = record;
    if (expected == record.candidate) {
      again.predicted_step_time = step_time_of(record.candidate);
      score(again);
    }
    EFFV2_CHECK(expected == record.candidate &&
                    again.predicted_step_time == record.predicted_step_time &&
                    std::abs(again.reward - record.reward) <= 1e-12,
                ErrorCode::format, "[search] ", journal.path(), ": candidate ", record.index, ", ",
                record.candidate.key(), ", or its reward are not of this search");
    history.push_back({record.candidate, record.reward});
  }
  while (static_cast<std::int64_t>(history.size()) < o.candidates) {
    const std::optional<Candidate> candidate = propose(space, o, history);
    if (!candidate) return;
    Record record;
    record.candidate = *candidate;
    // Before the training, which would be lost if there were no prediction.
    record.predicted_step_time = step_time_of(*candidate);
    const auto start = std::chrono::steady_clock::now();
    const std::optional<Measurement> measurement = evaluate(*candidate);
    if (!measurement) return;
    record.measurement = *measurement;
    record.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    score(record);
    journal.append(record);
    history.push_back({record.candidate, record.reward});
    if (on_record) on_record(journal.records().back());
  }
}

}  // namespace effv2::inline EFFV2_ISA::search
