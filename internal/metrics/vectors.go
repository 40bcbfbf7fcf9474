package metrics

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"isle/internal/store"
)

// vectors are what is counted where it happens.
type vectors struct {
	started, finished, actions *prometheus.CounterVec   // runs and actions of a workflow
	duration                   *prometheus.HistogramVec // of runs
	requests                   *prometheus.CounterVec   // of operations
	requestSeconds             *prometheus.HistogramVec
	commitCalls, commitSeconds *prometheus.HistogramVec // of a database
	faults, purged             *prometheus.CounterVec
	httpRequests               *prometheus.CounterVec
	httpSeconds                *prometheus.HistogramVec
	httpInFlight               *prometheus.GaugeVec
}

// Upper bounds of the histograms.
var (
	runBuckets    = []float64{.001, .005, .025, .1, .5, 2, 10, 60, 600, 3600, 86400}
	callBuckets   = []float64{.001, .005, .025, .1, .25, 1, 2.5, 10, 60, 240}
	commitBuckets = []float64{.0005, .001, .002, .005, .01, .025, .1, .5, 2, 10}
	batchBuckets  = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}
)

func newVectors() vectors {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	histogram := func(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
	}
	return vectors{
		started:        counter("isle_runs_started_total", "Runs that have begun.", "environment", "workflow"),
		finished:       counter("isle_runs_finished_total", "Runs that have ended, by their status.", "environment", "workflow", "status"),
		duration:       histogram("isle_run_duration_seconds", "From the start of a run to its end.", runBuckets, "environment", "workflow"),
		actions:        counter("isle_actions_total", "Actions that have ended, in each repetition; skipped ones left out.", "environment", "workflow"),
		requests:       counter("isle_requests_total", "Requests that actions and triggers have made, each attempt, by type and outcome.", "environment", "workflow", "type", "outcome"),
		requestSeconds: histogram("isle_request_duration_seconds", "How long such a request took.", callBuckets, "environment", "type"),
		commitCalls:    histogram("isle_commit_batch_size", "How many changes shared a commit.", batchBuckets, "environment"),
		commitSeconds:  histogram("isle_commit_duration_seconds", "How long a commit took, its flush included.", commitBuckets, "environment"),
		faults:         counter("isle_store_errors_total", "Commits that failed, by reason.", "environment", "reason"),
		purged:         counter("isle_purged_total", "Runs and firings that were deleted because they were older than they are kept.", "environment", "what"),
		httpRequests:   counter("isle_http_requests_total", "Requests that the server has answered.", "route", "method", "code"),
		httpSeconds:    histogram("isle_http_request_duration_seconds", "How long the answer took.", callBuckets, "route"),
		httpInFlight:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "isle_http_requests_in_flight", Help: "Requests that are being answered."}, []string{"route"}),
	}
}

func (v *vectors) register(r *prometheus.Registry) {
	r.MustRegister(v.started, v.finished, v.duration, v.actions, v.requests, v.requestSeconds, v.commitCalls, v.commitSeconds, v.faults, v.purged,
		v.httpRequests, v.httpSeconds, v.httpInFlight)
}

// faultKind is the label of why a commit failed.
func faultKind(err error) string {
	if e, ok := errors.AsType[*store.UnavailableError](err); ok {
		return string(e.Fault)
	}
	return other
}
