package logic

import (
	"fmt"

	"isle/internal/arm"
	"isle/internal/runner"
	"isle/wdl"
)

// accessBody is accessControl, as far as it is read (logic-api §2.2, ise.md #163).
// OAuth policies only add a way to call, which this server does not have; what they
// say is kept and shown.
type accessBody struct {
	Triggers   policyBody `json:"triggers"`
	Actions    policyBody `json:"actions"`
	Contents   policyBody `json:"contents"`
	Management policyBody `json:"workflowManagement"`
}

type policyBody struct {
	Addresses *[]struct {
		Range string `json:"addressRange"`
	} `json:"allowedCallerIpAddresses"`
}

// check reports address ranges that are none.
func (b *accessBody) check(found *arm.Found) {
	const target = "properties.accessControl"
	b.Triggers.check(target+".triggers", found)
	b.Actions.check(target+".actions", found)
	b.Contents.check(target+".contents", found)
	b.Management.check(target+".workflowManagement", found)
}

func (b *policyBody) check(target string, found *arm.Found) {
	if b.Addresses == nil {
		return
	}
	for i, a := range *b.Addresses {
		if _, ok := runner.ParseAddressRange(a.Range); !ok {
			found.Add(wdl.CodeInvalidRequestContent, fmt.Sprintf("%s.allowedCallerIpAddresses[%d].addressRange", target, i), "The address range '%s' is not valid. Give a range such as 10.0.0.0/24 or 10.0.0.1-10.0.0.9.", a.Range)
		}
	}
}

// callers are those whom the policy lets; the ranges have been checked.
func (b *policyBody) callers() (c runner.Callers) {
	if b.Addresses == nil {
		return c
	}
	c.Limited = true
	for _, a := range *b.Addresses {
		if r, ok := runner.ParseAddressRange(a.Range); ok {
			c.Ranges = append(c.Ranges, r)
		}
	}
	return c
}
