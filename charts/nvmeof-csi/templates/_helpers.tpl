{{- define "nvmeof.fullname" -}}
{{- .Values.fullnameOverride | default .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The fixed labels of one component's pods: list ROOT COMPONENT */}}
{{- define "nvmeof.selector" -}}
app.kubernetes.io/name: nvmeof-csi
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels and annotations of an object: list ROOT COMPONENT [ANNOTATIONS] */}}
{{- define "nvmeof.meta" -}}
{{- $root := index . 0 -}}
labels:
  {{- include "nvmeof.selector" . | nindent 2 }}
  app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
  {{- with $root.Values.commonLabels }}{{ toYaml . | nindent 2 }}{{ end }}
{{- $own := dict -}}
{{- if gt (len .) 2 }}{{ $own = index . 2 | default dict }}{{ end -}}
{{- with merge (dict) $own $root.Values.commonAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* A text, number or truth as text. Numbers of a values file are floats, which print as 2.592e+06. */}}
{{- define "nvmeof.text" -}}
{{- if kindIs "float64" . }}{{ printf "%.0f" . | quote }}{{ else }}{{ toString . | quote }}{{ end -}}
{{- end -}}

{{/* Labels and annotations of a pod: list ROOT COMPONENT PLACE ANNOTATIONS */}}
{{- define "nvmeof.podMeta" -}}
{{- $root := index . 0 -}}{{- $place := index . 2 -}}
labels:
  {{- include "nvmeof.selector" . | nindent 2 }}
  {{- with merge (dict) $place.podLabels $root.Values.commonLabels }}{{ toYaml . | nindent 2 }}{{ end }}
{{- with merge (dict) (index . 3) $place.podAnnotations $root.Values.commonAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* list ROOT PLACE-NAME */}}
{{- define "nvmeof.serviceAccount" -}}
{{- $root := index . 0 -}}
{{- $account := (index $root.Values (index . 1)).serviceAccount -}}
{{- $account.name | default (printf "%s-%s" (include "nvmeof.fullname" $root) (index . 1)) -}}
{{- end -}}

{{/* What the driver's container is in every pod: its name is the subcommand */}}
{{- define "nvmeof.image" -}}
{{- with .Values.image -}}
image: {{ if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
imagePullPolicy: {{ .pullPolicy }}
{{- end }}
{{- end -}}

{{- define "nvmeof.logFlags" -}}
- --log-level={{ .Values.logLevel }}
- --log-format={{ .Values.logFormat }}
{{- end -}}

{{/* On the host's network the port is the node's, and open on its loopback only. list PORT HOST */}}
{{- define "nvmeof.probes" -}}
ports:
  - {name: health, containerPort: {{ index . 0 }}}
{{- $host := index . 1 }}
livenessProbe:
  httpGet: {path: /healthz, port: health{{ if $host }}, host: {{ $host }}{{ end }}}
  initialDelaySeconds: 10
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: health{{ if $host }}, host: {{ $host }}{{ end }}}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end -}}

{{/* Where a pod may run: list ROOT PLACE DEFAULT-AFFINITY */}}
{{- define "nvmeof.placement" -}}
{{- $root := index . 0 -}}{{- $place := index . 1 -}}
priorityClassName: {{ $place.priorityClassName }}
{{- with $root.Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $place.affinity | default (index . 2) }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $place.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "nvmeof.targetName" -}}
{{- $root := index . 0 -}}
{{ include "nvmeof.fullname" $root }}-target-{{ (index . 1).name }}
{{- end -}}

{{/* The backends file: those of the values, then the cluster's own agents */}}
{{- define "nvmeof.backends" -}}
{{- $all := .Values.backends.inline -}}
{{- with .Values.target -}}
{{- if .enabled -}}
  {{- $agents := list -}}
  {{- range .agents -}}
    {{- $service := printf "%s.%s.svc:%v" (include "nvmeof.targetName" (list $ . )) $.Release.Namespace $.Values.target.agentPort -}}
    {{- $agent := dict "name" .name "address" (.address | default $service) -}}
    {{- with .reachableFrom }}{{ $agent = set $agent "reachableFrom" . }}{{ end -}}
    {{- $agents = append $agents $agent -}}
  {{- end -}}
  {{- $all = append $all (dict "name" .backend "type" "nvmet" "agents" $agents) -}}
{{- end -}}
{{- end -}}
{{- if not $all -}}
{{- fail "no storage: name storage systems in backends.inline or backends.existingSecret, or set target.enabled=true, or controller.enabled=false" -}}
{{- end -}}
{{- dict "backends" $all | toYaml -}}
{{- end -}}

{{/* What the schema cannot say, because two values are needed for it */}}
{{- define "nvmeof.checks" -}}
{{- $socket := printf "%s/plugins/%s/csi.sock" .Values.kubeletDir .Values.driverName -}}
{{- if gt (len $socket) 107 -}}
{{- fail (printf "kubeletDir and driverName are too long together: the kernel takes 107 bytes for the path of a socket, and %s has %d" $socket (len $socket)) -}}
{{- end -}}
{{- if and .Values.backends.inline .Values.backends.existingSecret -}}
{{- fail "backends.inline and backends.existingSecret are both set; only one of them can be the backends file" -}}
{{- end -}}
{{- if and .Values.controller.enabled (not .Values.csiDriver.attachRequired) -}}
{{- fail "csiDriver.attachRequired is false, but controller.enabled is true: Kubernetes would never ask the controller to let a node in or to fence it" -}}
{{- end -}}
{{- $ports := list .Values.node.healthPort -}}
{{- if .Values.target.enabled -}}
{{- with .Values.target -}}{{ $ports = concat $ports (list .healthPort .agentPort .portalPort) }}{{- end -}}
{{- $names := list -}}
{{- range .Values.target.agents -}}
{{- $object := include "nvmeof.targetName" (list $ .) -}}
{{- if gt (len $object) 63 -}}
{{- fail (printf "target.agents: the name %s is too long: %s has %d characters, and a Service may have 63" .name $object (len $object)) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- $agent := .name -}}
{{- range keys (.reachableFrom | default dict) | sortAlpha -}}
{{- if not (has . $.Values.node.topologyLabels) -}}
{{- fail (printf "target.agents: %s has reachableFrom with %s, which is not among node.topologyLabels: no node would reach it" $agent .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if ne (len $names) (len (uniq $names)) -}}
{{- fail (printf "target.agents: a name stands there twice: %s" (join ", " $names)) -}}
{{- end -}}
{{- $backends := list .Values.target.backend -}}
{{- range .Values.backends.inline -}}{{- $backends = append $backends .name -}}{{- end -}}
{{- if ne (len $backends) (len (uniq $backends)) -}}
{{- fail (printf "target.backend and backends.inline: a name stands there twice: %s" (join ", " $backends)) -}}
{{- end -}}
{{- end -}}
{{- $ports = toStrings $ports -}}
{{- if ne (len $ports) (len (uniq $ports)) -}}
{{- fail (printf "node.healthPort, target.healthPort, target.agentPort and target.portalPort are ports of one host and must differ: %s" (join ", " $ports)) -}}
{{- end -}}
{{- end -}}
