package identity

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"isle/internal/store"
)

const (
	keysSetting = "identity/keys"
	// keyLife is how long a key signs. The one before it stays published, and
	// accepted, as long as the next one signs.
	keyLife = 30 * 24 * time.Hour
	keyBits = 2048
)

// signingKey is a key of the issuer.
type signingKey struct {
	ID      string    `json:"kid"`
	Created time.Time `json:"created"`
	DER     []byte    `json:"pkcs8"`

	private *rsa.PrivateKey
	signer  jose.Signer
}

// keyRing is the issuer's keys: the first signs, all are published. Immutable.
type keyRing []signingKey

func (r keyRing) public(id string) *rsa.PublicKey {
	for _, k := range r {
		if k.ID == id {
			return &k.private.PublicKey
		}
	}
	return nil
}

func (r keyRing) set() jose.JSONWebKeySet {
	var set jose.JSONWebKeySet
	for _, k := range r {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: &k.private.PublicKey, KeyID: k.ID, Algorithm: string(jose.RS256), Use: "sig"})
	}
	return set
}

func newKey(now time.Time) (signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return signingKey{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return signingKey{}, err
	}
	sum := sha256.Sum256(private.PublicKey.N.Bytes())
	k := signingKey{ID: base64.RawURLEncoding.EncodeToString(sum[:18]), Created: now, DER: der}
	return k, k.load()
}

// load fills in what is not stored.
func (k *signingKey) load() (err error) {
	parsed, err := x509.ParsePKCS8PrivateKey(k.DER)
	if err != nil {
		return fmt.Errorf("identity: key %s: %w", k.ID, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return fmt.Errorf("identity: key %s is not an RSA key", k.ID)
	}
	k.private = private
	k.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: k.ID}}, (&jose.SignerOptions{}).WithType("JWT"))
	return err
}

func (s *Service) openKeys(ctx context.Context) error {
	var ring keyRing
	err := readSetting(ctx, s.db, keysSetting, &ring)
	if errors.Is(err, store.ErrNotFound) || err == nil && len(ring) == 0 {
		return s.Rotate(ctx)
	} else if err != nil {
		return err
	}
	for i := range ring {
		if err := ring[i].load(); err != nil {
			return err
		}
	}
	s.keys.Store(&ring)
	return nil
}

// Rotate makes a new key sign. The one before it stays valid, older ones do not.
func (s *Service) Rotate(ctx context.Context) error {
	k, err := newKey(s.now())
	if err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	ring := keyRing{k}
	if old := s.keys.Load(); old != nil {
		ring = append(ring, (*old)[0])
	}
	if err := writeSetting(ctx, s.db, keysSetting, ring); err != nil {
		return err
	}
	s.keys.Store(&ring)
	return nil
}

// Maintain rotates the issuer's key when it is due, and forgets sign-ins that have ended. The server calls it now and then.
func (s *Service) Maintain(ctx context.Context) error {
	if err := s.forgetFamilies(ctx); err != nil {
		return err
	}
	if s.now().Sub((*s.keys.Load())[0].Created) < keyLife {
		return nil
	}
	return s.Rotate(ctx)
}
