{{- define "claviger.name" -}}
{{- if contains "claviger" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-claviger" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end -}}
{{- end }}

{{- define "claviger.selector" -}}
app.kubernetes.io/name: claviger
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "claviger.labels" -}}
{{ include "claviger.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* HTTPS where the listener of this name has the certificate. */ -}}
{{- define "claviger.scheme" -}}
{{- $tls := index . 0 }}{{ $listener := index . 1 -}}
{{- if and $tls.existingSecret (has $listener $tls.listeners) }}https{{ else }}http{{ end -}}
{{- end }}

{{- define "claviger.secretVariable" -}}
{{- $name := index . 0 }}{{ $from := index . 1 -}}
- name: {{ $name }}
  valueFrom:
    secretKeyRef:
      name: {{ $from.existingSecret }}
      key: {{ $from.key }}
{{- end }}
