package network

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol/flowlog"
)

// Changes counts what may have changed the networks and their flow logs, as soon as it is
// durable.
func (p *Policies) Changes() uint64 { return p.changes.Load() }

// FlowLogs are the flow logs that are enabled, with what is needed to write them.
func (p *Policies) FlowLogs(ctx context.Context) (*flowlog.Logs, error) {
	logs := &flowlog.Logs{Groups: map[string]string{}, Interfaces: map[flowlog.At]flowlog.Interface{}}
	err := p.control.Read(ctx, func(tx *store.Tx) error {
		enabled, err := enabledLogs(tx)
		if err != nil || len(enabled) == 0 {
			return err
		}
		logs.All = enabled
		if err := eachStored(tx, typeGroups, func(r arm.Resource, form *Attachment) error {
			logs.Groups[strings.ToLower(r.ID)] = form.GUID
			return nil
		}); err != nil {
			return err
		}
		for i := range logs.All {
			l := &logs.All[i]
			if l.Target == flowlog.OfGroup {
				l.GroupGUID = logs.Groups[strings.ToLower(l.TargetID)]
			}
		}
		return eachStored(tx, typeInterfaces, func(r arm.Resource, form *Interface) error {
			known := flowlog.Interface{ID: r.ID, MAC: strings.ReplaceAll(macAddress(r.Key), "-", "")}
			for _, c := range form.Configurations {
				a, err := netip.ParseAddr(c.Address)
				if err != nil {
					return err
				}
				logs.Interfaces[flowlog.At{Network: networkKey(c.Subnet), Address: a}] = known
			}
			return nil
		})
	})
	return logs, err
}

func enabledLogs(tx *store.Tx) (logs []flowlog.Log, err error) {
	err = eachStored(tx, typeFlowLogs, func(r arm.Resource, form *FlowLog) error {
		log, err := form.log(r.ID)
		if err == nil && form.Enabled {
			logs = append(logs, log)
		}
		return err
	})
	return logs, err
}

// eachStored decodes the resources of a type.
func eachStored[Form any](tx *store.Tx, typ string, read func(arm.Resource, *Form) error) error {
	all, err := arm.List(tx, store.Query{Type: typ})
	if err != nil {
		return err
	}
	var problems []error
	for _, r := range all {
		problems = append(problems, readForm(r, read))
	}
	return errors.Join(problems...)
}
