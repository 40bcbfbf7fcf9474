package logic

import (
	"context"
	"fmt"
	"strings"

	"isle/internal/arm"
	"isle/netpol"
)

// codeBlocked is the code of a deployment that the network's rules keep from working.
const codeBlocked = "NetworkAccessBlocked"

// checkReachable fails a deployment into an environment whose rules close what
// deployments need: "closing or blocking this port causes ISE deployments to fail"
// (ise.md §A13, I6, I9, I10).
func (s *Service) checkReachable(ctx context.Context, form *environment, resource string) error {
	if s.config.Policies == nil {
		return nil
	}
	results, err := s.requiredAccess(ctx, form, resource, defaultEdition)
	if err != nil {
		return &arm.Error{Status: 409, Code: codeBlocked, Message: "The network policy of the environment's virtual network is not known, so nothing can be deployed into it: " + err.Error() + "."}
	}
	return blockedDeployment(results)
}

// blockedDeployment names every row without which deployments fail and of which a TCP
// port is closed, once for each subnet; nil if there is none.
func blockedDeployment(results []netpol.AccessResult) error {
	var found arm.Found
	for i := range results {
		r := &results[i]
		if r.Requirement.Consequence != netpol.FailsDeployment {
			continue
		}
		if closed := closedTCP(r); closed != "" {
			found = append(found, &arm.Error{Status: 409, Code: codeBlocked, Target: r.Subnet, Message: fmt.Sprintf(
				"%s (%s) needs TCP port %s open %s from %s, and subnet %s closes it: %s. Allow it there; isle netcheck --fix writes the rules that are missing.",
				r.Requirement.Purpose, r.Requirement.ID, closed, strings.ToLower(r.Requirement.Direction.String()), r.Requirement.Source, lastSegment(r.Subnet), denialText(r))})
		}
	}
	return found.Err()
}

// closedTCP is the TCP ports of a row that nothing may use, "" if there are none.
func closedTCP(r *netpol.AccessResult) string {
	var ports []string
	for _, c := range r.Closed {
		if c.Protocol == netpol.TCP {
			ports = append(ports, c.Ports.String())
		}
	}
	return strings.Join(ports, ", ")
}

// denialText says what denies flows of a row.
func denialText(r *netpol.AccessResult) string {
	texts := make([]string, len(r.Denials))
	for i, d := range r.Denials {
		texts[i] = d.Decision.String()
	}
	return strings.Join(texts, "; ")
}
