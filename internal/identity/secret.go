package identity

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"sync"

	"golang.org/x/crypto/argon2"
)

// hash is an argon2id hash with its parameters, so that they can be raised later.
type hash struct {
	Time   uint32 `json:"t"`
	Memory uint32 `json:"m"` // KiB
	Salt   []byte `json:"salt"`
	Sum    []byte `json:"sum"`
}

// The parameters of new hashes: those that OWASP gives for argon2id.
const (
	hashTime   = 2
	hashMemory = 19 << 10 // KiB
)

func hashSecret(secret string) (hash, error) {
	h := hash{Time: hashTime, Memory: hashMemory, Salt: make([]byte, 16)}
	if _, err := rand.Read(h.Salt); err != nil {
		return hash{}, err
	}
	h.Sum = h.of(secret)
	return h, nil
}

func (h hash) of(secret string) []byte {
	return argon2.IDKey([]byte(secret), h.Salt, h.Time, h.Memory, 1, 32)
}

// checker compares secrets with hashes. A secret that was right once is remembered as
// a MAC under a key of this process, so that later checks cost microseconds; one
// slow check runs at a time, which bounds memory.
type checker struct {
	key  [32]byte
	slow sync.Mutex

	mu    sync.RWMutex // guards known
	known map[string]known
}

type known struct {
	mac [sha256.Size]byte
	sum string // of the hash it was right for: a new secret forgets it
}

func newChecker() *checker {
	c := &checker{known: map[string]known{}}
	rand.Read(c.key[:])
	return c
}

func (c *checker) mac(secret string) (m [sha256.Size]byte) {
	h := hmac.New(sha256.New, c.key[:])
	h.Write([]byte(secret))
	h.Sum(m[:0])
	return m
}

// remembered reports whether the secret of that name was found right before.
func (c *checker) remembered(name string, h hash, secret string) bool {
	c.mu.RLock()
	k, ok := c.known[name]
	c.mu.RUnlock()
	mac := c.mac(secret)
	return ok && k.sum == string(h.Sum) && subtle.ConstantTimeCompare(k.mac[:], mac[:]) == 1
}

// right compares a secret with the hash.
func (c *checker) right(name string, h hash, secret string) bool {
	c.slow.Lock()
	ok := subtle.ConstantTimeCompare(h.of(secret), h.Sum) == 1
	c.slow.Unlock()
	if ok {
		c.mu.Lock()
		c.known[name] = known{c.mac(secret), string(h.Sum)}
		c.mu.Unlock()
	}
	return ok
}

// waste takes the time of a check, so that who is not there answers no sooner.
func (c *checker) waste(secret string) {
	c.slow.Lock()
	defer c.slow.Unlock()
	hash{Time: hashTime, Memory: hashMemory, Salt: c.key[:16]}.of(secret)
}
