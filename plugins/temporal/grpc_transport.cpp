#include <array>
#include <atomic>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>

#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/client_unary_call.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <grpcpp/impl/rpc_method.h>

#include "temporal/codes.hpp"
#include "temporal/transport.hpp"

namespace sluice::durable {

namespace {

using google::protobuf::MessageLite;

std::string read_file(const std::string& path) {
  if (path.empty()) return {};
  const std::ifstream file(path, std::ios::binary);
  if (!file) throw failure(status::invalid, codes::bad_config, "tls: `" + path + "` can't be read");
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// gRPC says the same of a message that is too large, which it will be the next time too.
answer too_much(const std::string& text) {
  const bool too_large = text.find("larger than max") != std::string::npos;
  return {too_large ? answer::kind::refused : answer::kind::limited, text};
}

answer answer_of(const grpc::Status& s) {
  using kind = answer::kind;
  switch (s.error_code()) {
    case grpc::OK: return {};
    case grpc::UNAVAILABLE:
    case grpc::ABORTED:
    case grpc::INTERNAL:
    case grpc::UNKNOWN: return {kind::again, s.error_message()};
    case grpc::RESOURCE_EXHAUSTED: return too_much(s.error_message());
    case grpc::DEADLINE_EXCEEDED: return {kind::timed_out, "no answer in time"};
    case grpc::NOT_FOUND: return {kind::not_found, s.error_message()};
    case grpc::ALREADY_EXISTS: return {kind::exists, s.error_message()};
    case grpc::CANCELLED: return {kind::stopped, s.error_message()};
    default: return {kind::refused, s.error_message()};
  }
}

class grpc_transport final : public transport {
 public:
  grpc_transport(const settings& to, std::string api_key)
      : name_space_(to.name_space), api_key_(std::move(api_key)) {
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
    if (to.tls)
      credentials =
          grpc::SslCredentials({read_file(to.ca_file), read_file(to.key_file), read_file(to.cert_file)});
    int n = 0;
    for (auto& channel : channels_) {
      grpc::ChannelArguments arguments;
      arguments.SetInt("sluice.channel", n++);
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own for each
      arguments.SetMaxReceiveMessageSize(64 << 20);
      arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 30'000);
      arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
      arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
      arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
      if (!to.server_name.empty()) arguments.SetSslTargetNameOverride(to.server_name);
      channel = grpc::CreateCustomChannel(to.address, credentials, arguments);
    }
  }

  answer call(const char* method, const MessageLite& request, MessageLite& response,
              std::chrono::milliseconds at_most, bool poll) override {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + at_most);
    context.AddMetadata("temporal-namespace", name_space_);
    if (!api_key_.empty()) context.AddMetadata("authorization", "Bearer " + api_key_);
    if (poll && !enter(context)) return {answer::kind::stopped, "stopping"};
    const std::string path = std::string("/temporal.api.workflowservice.v1.WorkflowService/") + method;
    const grpc::internal::RpcMethod rpc(path.c_str(), grpc::internal::RpcMethod::NORMAL_RPC);
    grpc::Channel& channel = poll ? *channels_[1] : *channels_[0];
    const grpc::Status s =
        grpc::internal::BlockingUnaryCall<MessageLite, MessageLite, MessageLite, MessageLite>(
            &channel, rpc, &context, request, &response);
    if (poll) leave(context);
    return answer_of(s);
  }

  void stop_polls() override {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    for (grpc::ClientContext* c : polls_) c->TryCancel();
  }

 private:
  bool enter(grpc::ClientContext& context) {
    const std::lock_guard lock(mutex_);
    if (!stopped_) polls_.insert(&context);
    return !stopped_;
  }
  void leave(grpc::ClientContext& context) {
    const std::lock_guard lock(mutex_);
    polls_.erase(&context);
  }

  std::string name_space_, api_key_;
  std::array<std::shared_ptr<grpc::Channel>, 2> channels_;
  std::mutex mutex_;
  std::set<grpc::ClientContext*> polls_;
  bool stopped_ = false;
};

}  // namespace

std::unique_ptr<transport> make_grpc_transport(const settings& to, const std::string& api_key) {
  // gRPC would write lines of its own to standard error. What they say is in the status of the call too.
  gpr_set_log_function([](gpr_log_func_args*) {});
  return std::make_unique<grpc_transport>(to, api_key);
}

}  // namespace sluice::durable
