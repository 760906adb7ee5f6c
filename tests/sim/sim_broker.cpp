#include "tests/sim/sim_broker.hpp"

#include <algorithm>
#include <utility>

namespace newsmill::sim {

constexpr std::uint64_t kTransactionTimeoutTicks = 3000;
constexpr std::uint64_t kRebalanceTimeoutTicks = 4000;
constexpr std::uint64_t kLateTicksMax = 200;

SimBroker::SimBroker(std::uint64_t seed, std::vector<std::vector<InputRecord>> input, Faults faults)
    : random_(seed), input_(std::move(input)), faults_(faults) {}

void SimBroker::tick() {
    ++ticks_;
    for (auto it = late_.begin(); it != late_.end();) {
        if (it->first > ticks_) {
            ++it;
            continue;
        }
        journal_.push_back(std::move(it->second));
        it = late_.erase(it);
    }
    for (auto& [id, transaction] : transactions_) {
        if (transaction.open && ticks_ - transaction.since > kTransactionTimeoutTicks) {
            finish(transaction, false);
        }
    }
    if (!rebalancing_) return;
    for (auto& [instance, member] : members_) {
        if (member.holds && ticks_ - member.asked_at > kRebalanceTimeoutTicks) {
            expire(instance);
            return;
        }
    }
}

// ---- The group
// ---------------------------------------------------------------------------------------

void SimBroker::join(const std::string& instance, std::uint64_t incarnation) {
    // A static member that comes back takes its earlier self's place, which is fenced; here it
    // always rebalances, which a real broker only sometimes does.
    members_[instance] = Member{};
    members_[instance].incarnation = incarnation;
    rebalance();
}

void SimBroker::leave(const std::string& instance, std::uint64_t incarnation) {
    const auto it = members_.find(instance);
    if (it == members_.end() || it->second.incarnation != incarnation) return;
    members_.erase(it);
    rebalance();
}

void SimBroker::expire(const std::string& instance) {
    const auto it = members_.find(instance);
    if (it == members_.end()) return;
    expired_[instance] = it->second.incarnation;
    members_.erase(it);
    rebalance();
}

void SimBroker::rebalance() {
    rebalancing_ = true;
    for (auto& [instance, member] : members_) {
        member.told = false;
        member.news = false;
        member.asked_at = ticks_;
    }
    try_assign();
}

void SimBroker::try_assign() {
    if (!rebalancing_ || members_.empty()) return;
    for (const auto& [instance, member] : members_) {
        if (member.holds) return;
    }
    rebalancing_ = false;
    ++generation_;
    for (auto& [instance, member] : members_) {
        member.partitions.clear();
        member.news = true;
    }
    auto it = members_.begin();
    for (std::size_t p = 0; p < input_.size(); ++p) {
        it->second.partitions.push_back(static_cast<std::int32_t>(p));
        if (++it == members_.end()) it = members_.begin();
    }
}

Consumer::Event SimBroker::poll_group(const std::string& instance, std::uint64_t incarnation) {
    if (const auto it = expired_.find(instance);
        it != expired_.end() && it->second == incarnation) {
        expired_.erase(it);
        join(instance, incarnation);  // having lost its place, it asks for a new one
        return Consumer::Event::kLost;
    }
    const auto it = members_.find(instance);
    if (it == members_.end() || it->second.incarnation != incarnation)
        return Consumer::Event::kFailed;
    Member& member = it->second;
    if (member.news) return Consumer::Event::kAssigned;
    if (rebalancing_ && member.holds && !member.told) {
        member.told = true;
        return Consumer::Event::kRevoked;
    }
    return Consumer::Event::kNone;
}

std::vector<std::int32_t> SimBroker::accept(const std::string& instance, Membership& membership) {
    Member& member = members_.at(instance);
    member.news = false;
    member.holds = true;
    membership.generation = generation_;
    return member.partitions;
}

void SimBroker::released(const std::string& instance) {
    const auto it = members_.find(instance);
    if (it == members_.end()) return;
    it->second.holds = false;
    try_assign();
}

std::optional<std::int64_t> SimBroker::committed(std::int32_t partition) const {
    for (const auto& [id, transaction] : transactions_) {
        if (transaction.open && transaction.positions.contains(partition)) return std::nullopt;
    }
    const auto it = positions_.find(partition);
    return it == positions_.end() ? 0 : it->second;
}

bool SimBroker::member(const Membership& membership) const {
    const auto it = members_.find(membership.instance);
    return it != members_.end() && it->second.incarnation == membership.incarnation &&
           membership.generation == generation_;
}

// ---- Transactions
// ------------------------------------------------------------------------------------

std::uint64_t SimBroker::init_transactions(const std::string& id) {
    Transaction& transaction = transactions_[id];
    if (transaction.open) finish(transaction, false);
    return ++transaction.epoch;
}

bool SimBroker::fenced(const std::string& id, std::uint64_t epoch) const {
    return transactions_.at(id).epoch != epoch;
}

void SimBroker::begin(const std::string& id) {
    Transaction& transaction = transactions_[id];
    transaction.open = true;
    transaction.number = next_transaction_++;
    transaction.since = ticks_;
    transaction.positions.clear();
}

bool SimBroker::append(const std::string& id, OutputRecord record) {
    Transaction& transaction = transactions_[id];
    if (!transaction.open) return false;
    record.transaction = transaction.number;
    output_.push_back(std::move(record));
    return true;
}

bool SimBroker::add_positions(const std::string& id, const std::vector<Position>& positions) {
    Transaction& transaction = transactions_[id];
    if (!transaction.open) return false;
    for (const Position& position : positions) {
        transaction.positions[position.partition] = position.next_offset;
    }
    return true;
}

bool SimBroker::end(const std::string& id, bool commit) {
    Transaction& transaction = transactions_[id];
    if (!transaction.open) return !commit;
    finish(transaction, commit);
    return true;
}

void SimBroker::finish(Transaction& transaction, bool commit) {
    transaction.open = false;
    if (commit) {
        committed_.insert(transaction.number);
        for (const auto& [partition, offset] : transaction.positions)
            positions_[partition] = offset;
    }
    transaction.positions.clear();
}

// ---- Journal and views
// -------------------------------------------------------------------------------

void SimBroker::append_journal(std::string_view record) {
    if (fault(faults_.twice_append)) journal_.emplace_back(record);
    if (fault(faults_.late_append)) {
        late_.emplace_back(ticks_ + random_.below(kLateTicksMax), record);
    } else {
        journal_.emplace_back(record);
    }
}

std::vector<OutputRecord> SimBroker::committed_output() const {
    std::vector<OutputRecord> seen;
    for (const OutputRecord& record : output_) {
        if (committed_.contains(record.transaction)) seen.push_back(record);
    }
    return seen;
}

bool SimBroker::all_committed() const {
    for (std::size_t p = 0; p < input_.size(); ++p) {
        const auto it = positions_.find(static_cast<std::int32_t>(p));
        const std::int64_t at = it == positions_.end() ? 0 : it->second;
        if (at < static_cast<std::int64_t>(input_[p].size())) return false;
    }
    return true;
}

// ---- SimConsumer
// -------------------------------------------------------------------------------------

SimConsumer::SimConsumer(SimBroker& broker, std::string instance, std::uint64_t incarnation)
    : broker_(broker), instance_(std::move(instance)), incarnation_(incarnation) {
    broker_.join(instance_, incarnation_);
}

Consumer::Event SimConsumer::poll(Batch* batch) noexcept {
    if (broker_.fault(broker_.faults().idle_poll)) return Event::kNone;
    const Event event = broker_.poll_group(instance_, incarnation_);
    if (event != Event::kNone) return event;
    bool any = false;
    for (auto& [partition, next] : next_) {
        if (!next) next = broker_.committed(partition);
        if (!next) continue;  // pending: a transaction has yet to end
        const auto& records = broker_.input()[static_cast<std::size_t>(partition)];
        std::uint64_t count = 1 + broker_.random().below(3);
        while (count-- > 0 && *next < static_cast<std::int64_t>(records.size())) {
            if (batch != nullptr && batch->full()) break;
            any = true;
            const std::int64_t offset = (*next)++;
            if (batch == nullptr) continue;
            const InputRecord& record = records[static_cast<std::size_t>(offset)];
            Article& article = batch->add(record.payload);
            article.origin = {SimBroker::kTopic, partition, offset, record.timestamp_ms};
        }
    }
    return any ? Event::kArticles : Event::kNone;
}

GroupToken SimConsumer::accept_assignment() noexcept {
    auto membership = std::make_shared<Membership>();
    membership->instance = instance_;
    membership->incarnation = incarnation_;
    next_.clear();
    for (const std::int32_t p : broker_.accept(instance_, *membership)) next_[p] = std::nullopt;
    return membership;
}

void SimConsumer::release_assignment() noexcept {
    next_.clear();
    broker_.released(instance_);
}

bool SimConsumer::rewind() noexcept {
    if (broker_.fault(broker_.faults().retry)) return false;
    for (auto& [partition, next] : next_) next = std::nullopt;
    return true;
}

void SimConsumer::close() noexcept {
    if (!std::exchange(closed_, true)) broker_.leave(instance_, incarnation_);
}

// ---- SimProducer
// -------------------------------------------------------------------------------------

SimProducer::SimProducer(SimBroker& broker, std::string id)
    : broker_(broker), id_(std::move(id)), epoch_(broker_.init_transactions(id_)) {}

Outcome SimProducer::trouble() noexcept {
    if (broker_.fault(broker_.faults().retry)) return Outcome::kRetry;
    if (broker_.fenced(id_, epoch_)) return Outcome::kFailed;
    if (broker_.fault(broker_.faults().abort)) return Outcome::kAborted;
    return Outcome::kOk;
}

Outcome SimProducer::begin() noexcept {
    if (broker_.fenced(id_, epoch_)) return Outcome::kFailed;
    if (broker_.fault(broker_.faults().retry)) return Outcome::kRetry;
    broker_.begin(id_);
    return Outcome::kOk;
}

Outcome SimProducer::send(const Article& article) noexcept {
    return append(article, article.output, 0);
}

Outcome SimProducer::send_notice(const Article& article, const Output& notice) noexcept {
    return append(article, notice, 1 + static_cast<std::size_t>(&notice - article.notices.data()));
}

Outcome SimProducer::append(const Article& article, const Output& output,
                            std::size_t part) noexcept {
    if (const Outcome outcome = trouble(); outcome != Outcome::kOk) return outcome;
    OutputRecord record{std::string(output.value), output.channel, article.origin.partition,
                        article.origin.offset,     part,           0};
    return broker_.append(id_, std::move(record)) ? Outcome::kOk : Outcome::kAborted;
}

Outcome SimProducer::send_positions(const std::vector<Position>& positions,
                                    const GroupToken& token) noexcept {
    if (const Outcome outcome = trouble(); outcome != Outcome::kOk) return outcome;
    if (token == nullptr) return Outcome::kAborted;
    // Another generation than the group's: refused, as ILLEGAL_GENERATION.
    if (!broker_.member(*static_cast<const Membership*>(token.get()))) return Outcome::kAborted;
    return broker_.add_positions(id_, positions) ? Outcome::kOk : Outcome::kAborted;
}

Outcome SimProducer::commit() noexcept {
    if (const Outcome outcome = trouble(); outcome != Outcome::kOk) return outcome;
    const bool committed = broker_.end(id_, true);
    // The broker did it, but the answer was lost.
    if (broker_.fault(broker_.faults().ambiguous_commit)) return Outcome::kAborted;
    return committed ? Outcome::kOk : Outcome::kAborted;
}

Outcome SimProducer::abort() noexcept {
    if (broker_.fenced(id_, epoch_)) return Outcome::kFailed;
    if (broker_.fault(broker_.faults().retry)) return Outcome::kRetry;
    broker_.end(id_, false);
    return Outcome::kOk;
}

// ---- SimJournal
// --------------------------------------------------------------------------------------

Outcome SimJournal::append(std::string_view record) noexcept {
    if (broker_.fault(broker_.faults().retry)) return Outcome::kRetry;
    broker_.append_journal(record);
    return Outcome::kOk;
}

Outcome SimJournal::poll(std::string_view& record) noexcept {
    if (next_ >= broker_.journal().size()) return Outcome::kRetry;
    if (broker_.fault(broker_.faults().idle_poll)) return Outcome::kRetry;
    record = broker_.journal()[next_++];
    return Outcome::kOk;
}

}  // namespace newsmill::sim
