#include "backend/backends_file.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "yaml-cpp/yaml.h"

#include "backend/ceph/ceph_names.h"
#include "backend/http/http_endpoint.h"
#include "backend/nvmet/agent_address.h"
#include "base/file.h"
#include "base/status_macros.h"
#include "volume/path.h"
#include "volume/volume_id.h"

namespace nvmeof::backend {
namespace {

constexpr char kNameForm[] = "1 to 40 of a-z, 0-9 and inner -";

std::string Where(const YAML::Mark& mark) {
  // yaml-cpp counts from zero, and knows no place in an empty file.
  return absl::StrCat("line ", std::max(mark.line, 0) + 1, ", column ",
                      std::max(mark.column, 0) + 1);
}

absl::string_view Kind(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.IsScalar() ? "text" : "empty";
}

// Reads one document and gathers every mistake in it. One thread at a time, one document.
class Reader {
 public:
  BackendsConfig Read(const YAML::Node& root) {
    BackendsConfig config;
    Fields fields = ReadMap(root, "the file", {"backends"});
    for (const YAML::Node& node : ReadList(fields, "backends")) {
      config.backends.push_back(ReadBackend(node));
    }
    return config;
  }

  const std::vector<std::string>& mistakes() const { return mistakes_; }

 private:
  using Fields = std::map<std::string, YAML::Node>;
  using Seen = std::set<std::string>;

  BackendConfig ReadBackend(const YAML::Node& node) {
    if (TypeOf(node) == "spdk") return ReadSpdk(node);
    if (TypeOf(node) == "ceph") return ReadCeph(node);
    if (TypeOf(node) == "routeros") return ReadRouteros(node);
    const Fields fields = ReadMap(node, "a backend", {"name", "type", "agents"});
    BackendConfig backend{.name = ReadName(fields, backend_names_), .storage = {}};
    if (const std::string type = ReadText(fields, "type"); !type.empty() && type != "nvmet") {
      Refuse(fields.at("type"),
             absl::StrCat("type is '", type, "'; it must be nvmet, spdk, ceph or routeros"));
    }
    NvmetConfig nvmet;
    Seen names;
    for (const YAML::Node& agent : ReadList(fields, "agents")) {
      nvmet.agents.push_back(ReadAgent(agent, names));
    }
    backend.storage = std::move(nvmet);
    return backend;
  }

  static bool HasKey(const YAML::Node& node, const std::string& key) {
    return std::any_of(node.begin(), node.end(), [&](const auto& entry) {
      return entry.first.IsScalar() && entry.first.Scalar() == key;
    });
  }

  // Empty where it cannot be told, which ReadMap complains of.
  static std::string TypeOf(const YAML::Node& node) {
    if (!node.IsMap()) return "";
    for (const auto& entry : node) {
      if (entry.first.IsScalar() && entry.first.Scalar() == "type" && entry.second.IsScalar()) {
        return entry.second.Scalar();
      }
    }
    return "";
  }

  BackendConfig ReadSpdk(const YAML::Node& node) {
    const bool by_proxy = HasKey(node, "url");
    const Fields fields =
        by_proxy ? ReadMap(node, "a backend",
                           {"name", "type", "url", "userFile", "passwordFile", "lvolStore",
                            "portals", "provisioning"},
                           {"caFile", "pinnedKey"})
                 : ReadMap(node, "a backend",
                           {"name", "type", "socket", "lvolStore", "portals", "provisioning"});
    BackendConfig backend{.name = ReadName(fields, backend_names_), .storage = {}};
    SpdkConfig spdk{.socket = ReadText(fields, "socket"),
                    .lvol_store = ReadText(fields, "lvolStore"),
                    .portals = ReadPortals(fields)};
    if (!spdk.socket.empty() && spdk.socket.front() != '/') {
      Refuse(fields.at("socket"),
             absl::StrCat("socket is '", spdk.socket, "'; it must be a path from /"));
    }
    if (by_proxy) spdk.proxy = ReadEndpoint(fields, /*require_tls=*/false);
    const std::string provisioning = ReadText(fields, "provisioning");
    if (!provisioning.empty() && provisioning != "thin" && provisioning != "thick") {
      Refuse(fields.at("provisioning"),
             absl::StrCat("provisioning is '", provisioning, "'; it must be thin or thick"));
    }
    spdk.thin = provisioning != "thick";
    backend.storage = std::move(spdk);
    return backend;
  }

  BackendConfig ReadCeph(const YAML::Node& node) {
    const Fields fields =
        ReadMap(node, "a backend", {"name", "type", "gateways", "pool"}, {"tls", "subsystem"});
    BackendConfig backend{.name = ReadName(fields, backend_names_), .storage = {}};
    CephConfig ceph{.gateways = {},
                    .pool = ReadText(fields, "pool"),
                    .tls = std::nullopt,
                    .subsystem = ReadSubsystem(fields)};
    const std::string volumes = absl::StrCat(
        ceph.pool, " in ", ceph.subsystem.has_value() ? ceph.subsystem->text() : "their own");
    Seen addresses;
    for (const YAML::Node& gateway : ReadList(fields, "gateways")) {
      ceph.gateways.push_back(ReadGateway(gateway, volumes, addresses));
    }
    if (const auto tls = fields.find("tls"); tls != fields.end()) {
      const Fields files = ReadMap(tls->second, "tls", {"caCert", "clientCert", "clientKey"});
      ceph.tls = CephTls{ReadText(files, "caCert"), ReadText(files, "clientCert"),
                         ReadText(files, "clientKey")};
    }
    backend.storage = std::move(ceph);
    return backend;
  }

  // Backends may share gateways, but not volumes.
  CephGatewayConfig ReadGateway(const YAML::Node& node, const std::string& volumes,
                                Seen& addresses) {
    const Fields fields = ReadMap(node, "a gateway", {"address", "host", "portals"});
    return {.address = ReadAddress(fields, volumes, addresses),
            .host = ReadText(fields, "host"),
            .portals = ReadPortals(fields)};
  }

  std::optional<volume::Nqn> ReadSubsystem(const Fields& fields) {
    const std::string text = ReadText(fields, "subsystem");
    if (text.empty()) return std::nullopt;
    absl::StatusOr<volume::Nqn> nqn = volume::Nqn::Parse(text);
    if (!nqn.ok()) {
      Refuse(fields.at("subsystem"), absl::StrCat("subsystem: ", nqn.status().message()));
    } else if (text.find('_') != std::string::npos) {
      Refuse(fields.at("subsystem"),
             absl::StrCat("subsystem is '", text, "'; Ceph's gateway takes none with a '_'"));
    } else if (VolumeOfNqn(text).has_value()) {
      Refuse(fields.at("subsystem"),
             absl::StrCat("subsystem is '", text, "', the name of a volume's own subsystem"));
    } else {
      return *std::move(nqn);
    }
    return std::nullopt;
  }

  BackendConfig ReadRouteros(const YAML::Node& node) {
    const Fields fields = ReadMap(
        node, "a backend", {"name", "type", "url", "userFile", "passwordFile", "disk", "portals"},
        {"caFile", "pinnedKey"});
    BackendConfig backend{.name = ReadName(fields, backend_names_), .storage = {}};
    RouterosConfig routeros{.router = ReadEndpoint(fields, /*require_tls=*/true),
                            .disk = ReadText(fields, "disk"),
                            .portals = ReadPortals(fields)};
    for (const volume::Portal& portal : routeros.portals) {
      if (portal.service == routeros.portals.front().service) continue;
      Refuse(fields.at("portals"),
             absl::StrCat("portal '", volume::FormatPortal(portal),
                          "' has another port than the first; a router exports on one port"));
    }
    backend.storage = std::move(routeros);
    return backend;
  }

  HttpEndpoint ReadEndpoint(const Fields& fields, bool require_tls) {
    HttpEndpoint endpoint{.url = ReadText(fields, "url"),
                          .user_file = ReadPath(fields, "userFile"),
                          .password_file = ReadPath(fields, "passwordFile"),
                          .ca_file = ReadPath(fields, "caFile"),
                          .pinned_key = ReadText(fields, "pinnedKey")};
    // A URL that is none may hold a password.
    if (!endpoint.url.empty() && !IsHttpUrl(endpoint.url, require_tls)) {
      Refuse(fields.at("url"),
             absl::StrCat("url must be ", require_tls ? kHttpsUrlForm : kHttpUrlForm));
    }
    if (!endpoint.pinned_key.empty() && !IsPinnedKey(endpoint.pinned_key)) {
      Refuse(fields.at("pinnedKey"),
             absl::StrCat("pinnedKey is '", endpoint.pinned_key, "'; it must be ", kPinnedKeyForm));
    }
    return endpoint;
  }

  std::string ReadPath(const Fields& fields, const std::string& key) {
    std::string path = ReadText(fields, key);
    if (!path.empty() && path.front() != '/') {
      Refuse(fields.at(key), absl::StrCat(key, " is '", path, "'; it must be a path from /"));
    }
    return path;
  }

  std::vector<volume::Portal> ReadPortals(const Fields& fields) {
    std::vector<volume::Portal> portals;
    for (const YAML::Node& node : ReadList(fields, "portals")) {
      const absl::StatusOr<volume::Portal> portal =
          node.IsScalar() ? volume::ParsePortal(node.Scalar())
                          : absl::InvalidArgumentError(
                                absl::StrCat("a portal is ", Kind(node), "; it must be text"));
      if (!portal.ok()) {
        Refuse(node, portal.status().message());
      } else if (portal->transport != volume::kTcp) {
        Refuse(node, absl::StrCat("portal '", volume::FormatPortal(*portal),
                                  "' is not of tcp, the one that this type has"));
      } else if (std::find(portals.begin(), portals.end(), *portal) != portals.end()) {
        Refuse(node, absl::StrCat("portal '", node.Scalar(), "' stands here a second time"));
      } else {
        portals.push_back(*portal);
      }
    }
    return portals;
  }

  AgentConfig ReadAgent(const YAML::Node& node, Seen& names) {
    const Fields fields = ReadMap(node, "an agent", {"name", "address"}, {"reachableFrom"});
    return {ReadName(fields, names), ReadAddress(fields, "", agents_),
            ReadSegments(fields, "reachableFrom")};
  }

  volume::Segments ReadSegments(const Fields& fields, const std::string& key) {
    volume::Segments segments;
    const auto field = fields.find(key);
    if (field == fields.end()) return segments;
    if (!field->second.IsMap() || field->second.size() == 0) {
      Refuse(field->second,
             absl::StrCat(key, " is ", Kind(field->second), "; it must be a map of node labels"));
      return segments;
    }
    for (const auto& entry : field->second) {
      const std::string label = entry.first.IsScalar() ? entry.first.Scalar() : "";
      const std::string value = entry.second.IsScalar() ? entry.second.Scalar() : "";
      if (!volume::IsSegmentKey(label)) {
        Refuse(entry.first, absl::StrCat("label '", label, "' in ", key, "; it must be ",
                                         volume::kSegmentKeyForm));
      } else if (!volume::IsSegmentValue(value)) {
        Refuse(entry.second, absl::StrCat("value '", value, "' of ", label, " in ", key,
                                          "; it must be ", volume::kSegmentValueForm));
      } else if (!segments.emplace(label, value).second) {
        Refuse(entry.first, absl::StrCat("label '", label, "' stands here a second time"));
      }
    }
    return segments;
  }

  // Of a service whose volumes no other backend may have; `seen`: of this backend alone.
  std::string ReadAddress(const Fields& fields, const std::string& volumes, Seen& seen) {
    std::string address = ReadText(fields, "address");
    if (address.empty()) return address;
    if (!IsAgentAddress(address)) {
      Refuse(fields.at("address"),
             absl::StrCat("address is '", address, "'; it must be ", kAgentAddressForm));
    } else if (!seen.insert(address).second || !volumes_.emplace(address, volumes).second) {
      Refuse(fields.at("address"),
             absl::StrCat("address '", address, "' stands here a second time"));
    }
    return address;
  }

  std::string ReadName(const Fields& fields, Seen& seen) {
    std::string name = ReadText(fields, "name");
    if (name.empty()) return name;
    if (!volume::IsPlaceName(name)) {
      Refuse(fields.at("name"), absl::StrCat("name is '", name, "'; it must be ", kNameForm));
    } else if (!seen.insert(name).second) {
      Refuse(fields.at("name"), absl::StrCat("name '", name, "' stands here a second time"));
    }
    return name;
  }

  // The values by their keys. All keys are required, others but the optional ones refused.
  Fields ReadMap(const YAML::Node& node, absl::string_view what,
                 const std::vector<std::string>& required,
                 const std::vector<std::string>& optional = {}) {
    Fields fields;
    std::vector<std::string> keys = required;
    keys.insert(keys.end(), optional.begin(), optional.end());
    if (!node.IsMap()) {
      Refuse(node, absl::StrCat(what, " is ", Kind(node), "; it must be a map with ",
                                absl::StrJoin(required, ", ")));
      return fields;
    }
    for (const auto& entry : node) {
      const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        Refuse(entry.first, absl::StrCat("unknown key '", key, "' in ", what, "; it may have ",
                                         absl::StrJoin(keys, ", ")));
      } else if (!fields.emplace(key, entry.second).second) {
        Refuse(entry.first, absl::StrCat("key '", key, "' stands here a second time"));
      }
    }
    for (const std::string& key : required) {
      if (!fields.contains(key)) Refuse(node, absl::StrCat(what, " lacks the key '", key, "'"));
    }
    return fields;
  }

  // Empty after a mistake, and for a key that is not there.
  std::string ReadText(const Fields& fields, const std::string& key) {
    const auto field = fields.find(key);
    if (field == fields.end()) return "";
    const YAML::Node& node = field->second;
    if (node.IsScalar() && !node.Scalar().empty()) return node.Scalar();
    Refuse(node,
           absl::StrCat(key, " is ", node.IsScalar() ? "empty" : Kind(node), "; it must be text"));
    return "";
  }

  std::vector<YAML::Node> ReadList(const Fields& fields, const std::string& key) {
    const auto field = fields.find(key);
    if (field == fields.end()) return {};
    const YAML::Node& node = field->second;
    if (node.IsSequence() && node.size() > 0) return {node.begin(), node.end()};
    Refuse(node, absl::StrCat(key, " is ", node.IsSequence() ? "empty" : Kind(node),
                              "; it must be a list of at least one"));
    return {};
  }

  void Refuse(const YAML::Node& node, absl::string_view mistake) {
    mistakes_.push_back(absl::StrCat(Where(node.Mark()), ": ", mistake));
  }

  Seen backend_names_;
  Seen agents_;  // by address, of all backends: two that share one would each own its volumes
  std::set<std::pair<std::string, std::string>> volumes_;  // by address and what they are
  std::vector<std::string> mistakes_;
};

absl::StatusOr<BackendsConfig> Parse(const std::string& yaml) {
  const std::vector<YAML::Node> documents = YAML::LoadAll(yaml);
  if (documents.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(Where(documents[1].Mark()), ": a second document; there must be one"));
  }
  Reader reader;
  BackendsConfig config = reader.Read(documents.empty() ? YAML::Node() : documents.front());
  if (reader.mistakes().empty()) return config;
  return absl::InvalidArgumentError(absl::StrJoin(reader.mistakes(), "; "));
}

}  // namespace

absl::StatusOr<BackendsConfig> ParseBackends(absl::string_view yaml) {
  // yaml-cpp reports what is no YAML at all by an exception.
  try {
    return Parse(std::string(yaml));
  } catch (const YAML::Exception& exception) {
    return absl::InvalidArgumentError(absl::StrCat(Where(exception.mark), ": ", exception.msg));
  }
}

absl::StatusOr<BackendsConfig> ReadBackendsFile(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string yaml, base::ReadFile(path));
  absl::StatusOr<BackendsConfig> config = ParseBackends(yaml);
  if (config.ok()) return config;
  return base::Annotate(config.status(), path);
}

}  // namespace nvmeof::backend
