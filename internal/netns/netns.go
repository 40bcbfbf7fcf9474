// Package netns opens sockets inside network namespaces of Linux, from goroutines of a
// process that lives in another one.
//
// A socket belongs for ever to the namespace of the thread that made it. So each is
// made on a thread that has entered the namespace, and the thread is back before the
// socket connects or binds: waiting costs no thread. Every socket is asked where it is
// before it is used, and closed if that is elsewhere. A thread that cannot come back
// runs nothing else: it ends.
//
// Peers are addresses, never names. A name would be looked up, and dialed in turn, by
// other goroutines on other threads: in the namespace of the process. Whoever has a
// name asks a name server through a socket from here.
//
// Entering a namespace needs CAP_SYS_ADMIN, and the question where a socket is
// CAP_NET_ADMIN, both over the namespace's owner. On systems other than Linux
// everything fails and says so.
package netns

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Namespace is a network namespace by the path where it can be opened, which happens at
// each use: one that was made anew is found, and there is nothing to close.
type Namespace struct{ path string }

// directory is where namespaces have their names (ip-netns(8)).
const directory = "/run/netns"

// At is the namespace at a path, such as /proc/1/ns/net; a name without a slash is one
// of /run/netns.
func At(path string) Namespace {
	if !strings.Contains(path, "/") {
		path = filepath.Join(directory, path)
	}
	return Namespace{path}
}

// Path is where the namespace is opened.
func (n Namespace) Path() string { return n.path }

// Error is a failure to be in a namespace. What a socket that is in it fails with is
// what package net reports.
type Error struct {
	Path string // of the namespace
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("the network namespace %s: %v", e.Path, e.Err) }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }
