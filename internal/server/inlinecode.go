package server

import (
	"fmt"
	"slices"

	"isle/internal/connector/script"
	"isle/internal/logic"
	"isle/wdl"
)

// noInlineCode is why a server runs no inline code, and what to do.
const noInlineCode = "this server runs no inline code: start it with --inline-code process, or with --inline-code inprocess if everyone who may save workflows is trusted"

// inlineCode is what runs the JavaScriptCode actions.
func (c *Config) inlineCode() *script.Operation {
	switch c.InlineCode {
	case InlineCodeProcess:
		return script.Pool(script.Options{Limits: c.codeLimits(), Start: c.ScriptWorker})
	case InlineCodeInProcess:
		return script.InProcess(c.codeLimits())
	}
	return script.Off(noInlineCode)
}

// isolation says how much of the network policy holds for an environment, or for all of
// them, of what the data plane carries and of code that could go past it.
func (s *Server) isolation(environment string) logic.Isolation {
	told := logic.Isolation(s.network.Isolation(environment))
	if s.refused != nil {
		told.Reasons = append([]string{fmt.Sprintf("The kernel of this machine was to hold the networks if it can (--dataplane auto), and it cannot: %v.", s.refused)}, told.Reasons...)
	}
	if err := s.code.Isolation(); err != nil {
		told.Isolated = false
		told.Reasons = append(slices.Clone(told.Reasons), fmt.Sprintf("Inline code is not isolated: %v.", err))
	}
	return told
}

// codeLimits bound a script; what it returns is a message.
func (c *Config) codeLimits() script.Limits {
	l := c.limits.Code
	l.Result = c.limits.MessageSize
	return l
}

// refusedActions are the types that this server does not save, and why.
func (c *Config) refusedActions() map[wdl.Type]string {
	if c.InlineCode == InlineCodeOff {
		return map[wdl.Type]string{wdl.TypeJavaScriptCode: noInlineCode}
	}
	return nil
}
