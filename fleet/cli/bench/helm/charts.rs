//! Charts to render: those of a folder, and some that are made up.

use crate::exit::Failure;
use std::fmt;
use std::path::{Path, PathBuf};

/// A chart with a file of values, or with its own alone.
pub(super) struct Case {
    pub(super) chart: PathBuf,
    pub(super) values: Option<PathBuf>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.chart.display())?;
        self.values.iter().try_for_each(|values| write!(f, " with {}", values.display()))
    }
}

/// Folders within each other.
const DEPTH: usize = 32;

pub(super) fn cases(charts: &Path) -> Result<Vec<Case>, Failure> {
    let mut found = Vec::new();
    find(charts, 0, &mut found)?;
    Ok(found)
}

fn find(folder: &Path, depth: usize, found: &mut Vec<Case>) -> Result<(), Failure> {
    if folder.join("Chart.yaml").is_file() {
        found.push(Case { chart: folder.to_owned(), values: None });
        let ci = folder.join("ci");
        let entries = if ci.is_dir() { entries(&ci)? } else { Vec::new() };
        let is_values = |path: &PathBuf| path.to_string_lossy().ends_with("values.yaml");
        let values = entries.into_iter().filter(is_values);
        found.extend(values.map(|values| Case { chart: folder.to_owned(), values: Some(values) }));
        return Ok(());
    }
    if depth == DEPTH {
        return Err(Failure::user(format!("{} is more than {DEPTH} folders deep", folder.display())));
    }
    // A link may lead back.
    for path in entries(folder)?.into_iter().filter(|path| path.is_dir() && !path.is_symlink()) {
        find(&path, depth + 1, found)?;
    }
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |e: std::io::Error| Failure::user(format!("{} can't be listed: {e}", folder.display()));
    let read = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths: Vec<PathBuf> =
        read.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>().map_err(failed)?;
    paths.sort();
    Ok(paths)
}

/// A repository of Modules, each with a chart of its own: five objects, written as charts usually are.
pub(super) fn platform(count: usize) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for at in 0..count {
        let name = format!("app-{at}");
        let module = format!(
            "apiVersion: mainstay.dev/v1alpha1\nkind: Module\nmetadata: {{name: {name}}}\nspec:\n  source:\n    chart: {{path: charts/{name}}}\n  \
             namespace: shop\n  clusters: {{management: true}}\n  values: {{replicas: {}}}\n",
            at % 7 + 1
        );
        files.push((format!("fleet/{name}.yaml"), module));
        for (path, text) in CHART {
            files.push((format!("charts/{name}/{path}"), text.replace("NAME", &name)));
        }
    }
    files
}

const CHART: [(&str, &str); 8] = [
    ("Chart.yaml", "apiVersion: v2\nname: NAME\nversion: 1.0.0\nappVersion: \"1.2\"\n"),
    (
        "values.yaml",
        "replicas: 1\nimage: {repository: registry.example.com/NAME, tag: \"\", pullPolicy: IfNotPresent}\n\
         serviceAccount: {create: true, name: \"\"}\npodAnnotations: {}\nservice: {type: ClusterIP, port: 80}\n\
         ingress:\n  enabled: true\n  className: web\n  hosts:\n  - host: NAME.example.com\n    paths: [{path: /, pathType: Prefix}]\n\
         resources: {limits: {memory: 128Mi}, requests: {cpu: 100m, memory: 64Mi}}\n\
         settings: {level: info, endpoints: [first, second, third]}\nnodeSelector: {}\ntolerations: []\n",
    ),
    (
        "templates/_helpers.tpl",
        r#"{{- define "NAME.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 63 | trimSuffix "-" }}{{ else }}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 63 | trimSuffix "-" }}{{ end }}
{{- end }}
{{- define "NAME.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "NAME.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "NAME.selector" . }}
{{- with .Chart.AppVersion }}
app.kubernetes.io/version: {{ . | quote }}
{{- end }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "NAME.account" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "NAME.fullname" .) .Values.serviceAccount.name }}{{ else }}
{{- default "default" .Values.serviceAccount.name }}{{ end }}
{{- end }}
"#,
    ),
    (
        "templates/deployment.yaml",
        r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "NAME.fullname" . }}
  labels:
    {{- include "NAME.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels:
      {{- include "NAME.selector" . | nindent 6 }}
  template:
    metadata:
      annotations:
        checksum/settings: {{ .Values.settings | toJson | sha256sum }}
        {{- with .Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      labels:
        {{- include "NAME.labels" . | nindent 8 }}
    spec:
      serviceAccountName: {{ include "NAME.account" . }}
      containers:
      - name: {{ .Chart.Name }}
        image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        ports:
        - {name: http, containerPort: {{ .Values.service.port }}, protocol: TCP}
        envFrom:
        - configMapRef: {name: {{ include "NAME.fullname" . }}}
        resources:
          {{- toYaml .Values.resources | nindent 10 }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
"#,
    ),
    (
        "templates/service.yaml",
        r#"apiVersion: v1
kind: Service
metadata:
  name: {{ include "NAME.fullname" . }}
  labels:
    {{- include "NAME.labels" . | nindent 4 }}
spec:
  type: {{ .Values.service.type }}
  ports:
  - {name: http, port: {{ .Values.service.port }}, targetPort: http, protocol: TCP}
  selector:
    {{- include "NAME.selector" . | nindent 4 }}
"#,
    ),
    (
        "templates/serviceaccount.yaml",
        r#"{{- if .Values.serviceAccount.create }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "NAME.account" . }}
  labels:
    {{- include "NAME.labels" . | nindent 4 }}
{{- end }}
"#,
    ),
    (
        "templates/ingress.yaml",
        r#"{{- if .Values.ingress.enabled }}
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ include "NAME.fullname" . }}
  labels:
    {{- include "NAME.labels" . | nindent 4 }}
spec:
  ingressClassName: {{ .Values.ingress.className }}
  rules:
  {{- range .Values.ingress.hosts }}
  - host: {{ .host | quote }}
    http:
      paths:
      {{- range .paths }}
      - path: {{ .path }}
        pathType: {{ .pathType }}
        backend: {service: {name: {{ include "NAME.fullname" $ }}, port: {name: http}}}
      {{- end }}
  {{- end }}
{{- end }}
"#,
    ),
    (
        "templates/configmap.yaml",
        r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "NAME.fullname" . }}
  labels:
    {{- include "NAME.labels" . | nindent 4 }}
data:
  level: {{ .Values.settings.level }}
  {{- range $at, $endpoint := .Values.settings.endpoints }}
  endpoint-{{ $at }}: {{ printf "%s.%s.svc" $endpoint $.Release.Namespace | quote }}
  {{- end }}
"#,
    ),
];
