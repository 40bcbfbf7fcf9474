package http

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"isle/engine"
	"isle/internal/connector"
	"isle/internal/dataplane"
	"isle/internal/netns"
	"isle/wdl"
)

// The codes of requests that got no answer (wdl-semantics §11.11, §16).
const (
	codeBadRequest   = "BadRequest"
	codeUnauthorized = "Unauthorized"
	codeUnresolvable = "UnresolvableHostName"
	codeTimeout      = "RequestTimeout"
	codeUnavailable  = "ServiceUnavailable"
	codeDenied       = "NetworkPolicyDenied"
	codeTooLarge     = "ResponseSizeLimitExceeded"
	codeNoIdentity   = "ManagedIdentityNotConfigured"

	codeRequestTooLarge = "RequestSizeLimitExceeded"
	codeChanged         = "ContentChanged"
	codeURITooLong      = "UriLengthLimitExceeded"
	codeTooManyParts    = "DownloadRequestsLimitExceeded"
)

// Unanswered is a request that got no answer, for who exchanges requests in another
// way than over the network ([Options.Exchange]): the code and message of its
// outcome.
type Unanswered struct{ Code, Message string }

func (e *Unanswered) Error() string { return e.Code + ": " + e.Message }

// outcome is that of a failure of its code.
func (e *Unanswered) outcome() engine.Outcome {
	switch e.Code {
	case codeUnresolvable, codeTimeout, codeUnavailable:
		return retryable(e.Code, e.Message)
	}
	return failed(e.Code, e.Message)
}

// failure turns the error of a request into its outcome. Requests that may succeed
// when made again are marked so (wdl-semantics §12.4).
func failure(err error) engine.Outcome {
	var invalid *invalidInputs
	var denied *dataplane.DeniedError
	var dns *net.DNSError
	var auth *authError
	var egress *dataplane.EgressError
	var unattached *dataplane.UnattachedError
	var namespace *netns.Error
	var unanswered *Unanswered
	var full *connector.FullError
	switch {
	case errors.As(err, &unanswered):
		return unanswered.outcome()
	case errors.As(err, &invalid):
		return failed(codeBadRequest, err.Error())
	case errors.As(err, &auth):
		out := failed(auth.code, auth.message)
		out.Retryable = auth.retryable
		return out
	case errors.As(err, &denied):
		return failed(codeDenied, "Http request failed: "+denied.Error()+".")
	case errors.As(err, &unattached): // time alone attaches nothing
		return failed(codeUnavailable, "Http request failed: "+unattached.Error()+".")
	case errors.As(err, &namespace): // its innermost text alone would not tell what is not there
		return retryable(codeUnavailable, "Http request failed: "+namespace.Error()+".")
	case errors.As(err, &egress):
		return retryable(codeUnavailable, "Http request failed: "+egress.Error()+".")
	case errors.As(err, &dns) && dns.Server != "":
		return retryable(codeUnresolvable, fmt.Sprintf("The provided host name '%s' could not be resolved: name server %s: %s.", dns.Name, dns.Server, dns.Err))
	case isTimeout(err):
		return retryable(codeTimeout, "Http request failed: the server did not respond within the timeout limit.")
	case errors.As(err, &dns):
		return retryable(codeUnresolvable, fmt.Sprintf("The provided host name '%s' could not be resolved.", dns.Name))
	case errors.Is(err, errTooLarge), errors.Is(err, errBomb):
		return failed(codeTooLarge, "Http request failed: "+err.Error()+".")
	case errors.As(err, &full):
		return full.Outcome()
	case errors.Is(err, errChanged):
		return retryable(codeChanged, "Http request failed: "+err.Error()+".")
	case isTrust(err):
		return failed(codeBadRequest, "Http request failed: the TLS certificate of the server is not trusted: "+reason(err)+".")
	}
	return retryable(codeUnavailable, "Http request failed: "+reason(err)+".")
}

func failed(code, message string) engine.Outcome {
	return engine.Outcome{Status: wdl.Failed, Code: code, Error: &engine.Error{Code: code, Message: message}}
}

func retryable(code, message string) engine.Outcome {
	out := failed(code, message)
	out.Retryable = true
	return out
}

func isTimeout(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

func isTrust(err error) bool {
	var verify *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verify) || errors.As(err, &unknown) || errors.As(err, &host) || errors.As(err, &invalid)
}

// reason is the innermost text of an error: outer layers repeat the address, which
// may hold a secret in its query.
func reason(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return strings.TrimSuffix(err.Error(), ".")
		}
		err = inner
	}
}
