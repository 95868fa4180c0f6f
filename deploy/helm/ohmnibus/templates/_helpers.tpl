{{- define "ohmnibus.labels" -}}
app.kubernetes.io/name: ohmnibus
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "ohmnibus.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "ohmnibus.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "ohmnibus.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Settings stand in the pod itself, so that a change of them is a change of the pod. */}}
{{- define "ohmnibus.settings" -}}
{{- range $name, $value := .Values.settings }}
{{- if ne (toString $value) "" }}
- { name: {{ $name }}, value: {{ $value | toString | quote }} }
{{- end }}
{{- end }}
{{- end }}

{{- define "ohmnibus.folders" -}}
- { name: data, emptyDir: { sizeLimit: 256Mi } }
- { name: tmp, emptyDir: { sizeLimit: 256Mi } }
{{- end }}
