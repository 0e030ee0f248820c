{{- define "p.one" -}}
one-{{ . }}
{{- end -}}
{{- define "p.two" }}{{ include "p.one" .name | upper }}-{{ .n }}{{ end }}
{{- define "p.rec" }}{{ if gt . 0 }}{{ . }},{{ include "p.rec" (sub . 1 | int) }}{{ end }}{{ end }}
{{- define "p.labels" }}
app: {{ .Chart.Name }}
rel: {{ .Release.Name }}
{{- end }}
{{- define "p.empty" }}{{ end }}
{{- define "p.over" }}first{{ end }}
