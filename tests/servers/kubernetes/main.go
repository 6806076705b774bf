// Takes manifests as a Kubernetes API server does that enforces the Pod Security Standard "restricted": it decodes them strictly, fills in
// defaults, and checks them with the code of the API server itself. A PodMonitor, which is none of Kubernetes' own kinds, is decoded strictly as
// Prometheus' operator does. Nothing is contacted.
//
// Usage: kubernetes-manifests FILE...
package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/apps"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	"k8s.io/kubernetes/pkg/apis/batch"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	stricter "sigs.k8s.io/yaml"
)

func main() {
	failed := len(os.Args) < 2
	for _, path := range os.Args[1:] {
		count, err := file(path)
		if err == nil && count == 0 {
			err = errors.New("it holds no manifest")
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

// Prints what each document of a file is, and tells how many there are.
func file(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	documents := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	count := 0
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return count, nil
		}
		if err != nil {
			return count, err
		}
		if len(bytes.TrimSpace(document)) == 0 {
			continue
		}
		kind, err := take(document)
		if err != nil {
			return count, fmt.Errorf("document %d: %w", count+1, err)
		}
		fmt.Printf("%s: %s\n", path, kind)
		count++
	}
}

// Takes one document as if it were to be created, and tells its kind.
func take(document []byte) (string, error) {
	var about metav1.TypeMeta
	if err := stricter.Unmarshal(document, &about); err != nil {
		return "", err
	}
	if about.Kind == monitoringv1.PodMonitorsKind {
		return about.Kind, podMonitor(document)
	}
	codecs := serializer.NewCodecFactory(legacyscheme.Scheme, serializer.EnableStrict)
	object, kind, err := codecs.UniversalDecoder().Decode(document, nil, nil)
	if err != nil {
		return "", err
	}
	strategy, pod := place(object)
	if strategy == nil {
		return "", fmt.Errorf("a %s is not expected here", kind.Kind)
	}
	metadata, err := meta.Accessor(object)
	if err != nil {
		return "", err
	}
	rest.FillObjectMetaSystemFields(metadata)
	ctx := request.WithNamespace(context.Background(), "thanos")
	if err := rest.BeforeCreate(strategy, ctx, object); err != nil {
		return "", err
	}
	if warnings := strategy.WarningsOnCreate(ctx, object); len(warnings) > 0 {
		return "", fmt.Errorf("warnings: %s", strings.Join(warnings, "; "))
	}
	if pod != nil {
		return kind.Kind, restricted(pod)
	}
	return kind.Kind, nil
}

// How the API server creates such an object, and the pod that it leads to.
func place(object runtime.Object) (rest.RESTCreateStrategy, *core.PodTemplateSpec) {
	switch object := object.(type) {
	case *core.ServiceAccount:
		return serviceaccount.Strategy, nil
	case *core.ConfigMap:
		return configmap.Strategy, nil
	case *apps.Deployment:
		return deployment.Strategy, &object.Spec.Template
	case *batch.Job:
		return job.Strategy, &object.Spec.Template
	case *batch.CronJob:
		return cronjob.Strategy, &object.Spec.JobTemplate.Spec.Template
	default:
		return nil, nil
	}
}

// What would keep Prometheus from scraping by it.
func podMonitor(document []byte) error {
	var monitor monitoringv1.PodMonitor
	if err := stricter.UnmarshalStrict(document, &monitor); err != nil {
		return err
	}
	if want := monitoringv1.SchemeGroupVersion.String(); monitor.APIVersion != want {
		return fmt.Errorf("apiVersion: expected %s", want)
	}
	if _, err := metav1.LabelSelectorAsSelector(&monitor.Spec.Selector); err != nil {
		return fmt.Errorf("spec.selector: %w", err)
	}
	if monitor.Name == "" || len(monitor.Spec.PodMetricsEndpoints) == 0 {
		return errors.New("expected metadata.name and spec.podMetricsEndpoints")
	}
	return nil
}

// Whether a namespace that enforces the standard "restricted" admits the pod.
func restricted(template *core.PodTemplateSpec) error {
	var pod v1.PodTemplateSpec
	if err := corev1.Convert_core_PodTemplateSpec_To_v1_PodTemplateSpec(template, &pod, nil); err != nil {
		return err
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return err
	}
	level := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	results := evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec)
	if result := policy.AggregateCheckResults(results); !result.Allowed {
		return fmt.Errorf("not restricted: %s", result.ForbiddenDetail())
	}
	return nil
}
