package logic

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"sync"

	"isle/internal/arm"
	"isle/internal/store"
	"isle/netpol"
)

// Policies is the network policy as environments see it.
type Policies interface {
	// Policy is compiled now; its revision changes when it does. The error says why
	// there is none, in which case everything is denied.
	Policy() (*netpol.Policy, uint64, error)
	// Latest is the policy for those who hold a transaction: of now, or the one before
	// while another is being compiled; nil if there is none.
	Latest() (*netpol.Policy, uint64)
	// Outgoing are the static addresses as which flows of a subnet leave for the
	// Internet; empty if nothing claims any. It is asked within transactions.
	Outgoing(network, subnet string) []netip.Addr
	// DNSServers are the name servers of a network as they are set now.
	DNSServers(tx *store.Tx, network string) ([]netip.Addr, error)
}

// Probe tries what plays a role for an environment, known by its store id. The error
// says why it cannot be reached.
type Probe func(ctx context.Context, environment string) error

// Isolation says how much of the network policy is enforced.
type Isolation struct {
	Mode     string   `json:"mode"`
	Isolated bool     `json:"isolated"`
	Reasons  []string `json:"reasons"` // why not, a sentence each
}

// Placement is what the data plane must know of an environment. It never changes.
type Placement struct {
	Resource, Network string // IDs
	Subnets           [subnetCount]string
	Ranges            [subnetCount]netip.Prefix // of the subnets, in the order of their roles
	Internal          bool
	// Trusted are authorities that servers called from it may have their certificates from,
	// besides the system's.
	Trusted []*x509.Certificate
	// Actions is how many actions a minute its SKU and capacity are documented for.
	Actions int64
	// DNS are the name servers of the network as they were when the environment was
	// created or restarted last.
	DNS []netip.Addr
}

// Placement is where an environment is, known by its store id; nil if there is none.
// The data plane asks at every dial: the answer is the same value until the
// environment changes. The error is that it cannot be read where it is: nobody may take
// that for an environment that is not there, or is in no network.
func (s *Service) Placement(environment string) (*Placement, error) {
	known, changes := s.placements.get(environment)
	if known != nil {
		return known, nil
	}
	var found *Placement
	err := s.control.Read(context.Background(), func(tx *store.Tx) error {
		key, err := tx.Setting(environmentSetting(environment))
		if err != nil {
			return err
		}
		found, err = loadPlacement(tx, string(key))
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("where the environment is cannot be read: %w", err)
	}
	s.placements.put(environment, found, changes)
	return found, nil
}

func loadPlacement(tx *store.Tx, key string) (*Placement, error) {
	stored, err := arm.Load(tx, key)
	if err != nil {
		return nil, err
	}
	form, err := decode[environment](stored.Resource)
	if err != nil {
		return nil, err
	}
	p := &Placement{Resource: stored.ID, Internal: form.Endpoint == endInternal, DNS: form.DNS, Actions: documentedActions(form.SKU, form.Capacity), Trusted: trusted(form.Settings)}
	copy(p.Subnets[:], form.Subnets)
	copy(p.Ranges[:], form.ranges())
	p.Network, _ = networkOf(p.Subnets[0])
	return p, nil
}

// placements are those that were asked for. The zero value is ready for use.
type placements struct {
	mu      sync.RWMutex
	known   map[string]*Placement // by store id of the environment
	changes uint64                // counts what was dropped
}

// get finds a placement; the number is for put.
func (p *placements) get(environment string) (*Placement, uint64) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.known[environment], p.changes
}

// put keeps what was read after get, unless it may have changed meanwhile.
func (p *placements) put(environment string, found *Placement, changes uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changes != changes {
		return
	}
	if p.known == nil {
		p.known = map[string]*Placement{}
	}
	p.known[environment] = found
}

func (p *placements) drop(environment string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes++
	delete(p.known, environment)
}

// takeNameServers notes the name servers that the environment's network has now.
func (s *Service) takeNameServers(tx *store.Tx, form *environment) error {
	if s.config.Policies == nil {
		return nil
	}
	network, _ := networkOf(form.Subnets[0])
	var err error
	form.DNS, err = s.config.Policies.DNSServers(tx, network)
	return err
}

// refresh takes up, at a restart, what an environment has a copy of.
func (s *Service) refresh(ctx context.Context, r *arm.Request) error {
	return s.control.Write(ctx, func(tx *store.Tx) error {
		stored, err := arm.Load(tx, r.Resource.Key)
		if err != nil {
			return err
		}
		form, err := decode[environment](stored.Resource)
		if err != nil {
			return err
		}
		before := form.DNS
		if err := s.takeNameServers(tx, form); err != nil {
			return err
		}
		if stored.Body, err = json.Marshal(form); err != nil {
			return err
		}
		stored.ETag, stored.Changed = arm.NewETag(), r.Now
		tx.AfterCommit(func() {
			s.placements.drop(form.ID)
			s.config.Log.Info("environment restarted", "environment", stored.ID, "nameServersBefore", before, "nameServers", form.DNS)
		})
		return arm.Save(tx, stored)
	})
}
