// The methods of the gateway's API that the driver calls.
#pragma once

#include "backend/ceph/ceph_gateways.h"
#include "ceph/gateway.grpc.pb.h"

namespace nvmeof::backend::gateway {

inline constexpr GatewayMethod<::GatewayInfoRequest, ::GatewayInfo> kGetGatewayInfo = {
    "get_gateway_info", &::Gateway::Stub::get_gateway_info};
inline constexpr GatewayMethod<::CreateSubsystemRequest, ::CreateSubsystemReply> kCreateSubsystem =
    {"create_subsystem", &::Gateway::Stub::create_subsystem};
inline constexpr GatewayMethod<::DeleteSubsystemRequest, ::GatewayReply> kDeleteSubsystem = {
    "delete_subsystem", &::Gateway::Stub::delete_subsystem};
inline constexpr GatewayMethod<::ListSubsystemsRequest, ::SubsystemsReply> kListSubsystems = {
    "list_subsystems", &::Gateway::Stub::list_subsystems};
inline constexpr GatewayMethod<::AddNamespaceRequest, ::AddNamespaceReply> kAddNamespace = {
    "namespace_add", &::Gateway::Stub::namespace_add};
inline constexpr GatewayMethod<::ResizeNamespaceRequest, ::GatewayReply> kResizeNamespace = {
    "namespace_resize", &::Gateway::Stub::namespace_resize};
inline constexpr GatewayMethod<::SetTrashImageRequest, ::GatewayReply> kSetTrashImage = {
    "namespace_set_rbd_trash_image", &::Gateway::Stub::namespace_set_rbd_trash_image};
inline constexpr GatewayMethod<::DeleteNamespaceRequest, ::GatewayReply> kDeleteNamespace = {
    "namespace_delete", &::Gateway::Stub::namespace_delete};
inline constexpr GatewayMethod<::ListNamespacesRequest, ::NamespacesReply> kListNamespaces = {
    "list_namespaces", &::Gateway::Stub::list_namespaces};
inline constexpr GatewayMethod<::AddNamespaceHostRequest, ::GatewayReply> kAddNamespaceHost = {
    "namespace_add_host", &::Gateway::Stub::namespace_add_host};
inline constexpr GatewayMethod<::DeleteNamespaceHostRequest, ::GatewayReply> kDeleteNamespaceHost =
    {"namespace_delete_host", &::Gateway::Stub::namespace_delete_host};
inline constexpr GatewayMethod<::AddHostRequest, ::GatewayReply> kAddHost = {
    "add_host", &::Gateway::Stub::add_host};
inline constexpr GatewayMethod<::RemoveHostRequest, ::GatewayReply> kRemoveHost = {
    "remove_host", &::Gateway::Stub::remove_host};
inline constexpr GatewayMethod<::ChangeHostKeyRequest, ::GatewayReply> kChangeHostKey = {
    "change_host_key", &::Gateway::Stub::change_host_key};
inline constexpr GatewayMethod<::ListHostsRequest, ::HostsReply> kListHosts = {
    "list_hosts", &::Gateway::Stub::list_hosts};
inline constexpr GatewayMethod<::ListConnectionsRequest, ::ConnectionsReply> kListConnections = {
    "list_connections", &::Gateway::Stub::list_connections};
inline constexpr GatewayMethod<::CreateListenerRequest, ::GatewayReply> kCreateListener = {
    "create_listener", &::Gateway::Stub::create_listener};
inline constexpr GatewayMethod<::ListListenersRequest, ::ListenersReply> kListListeners = {
    "list_listeners", &::Gateway::Stub::list_listeners};

}  // namespace nvmeof::backend::gateway
