package expr

// Address ranges of deployment templates: parseCidr, cidrSubnet and cidrHost, for
// IPv4 and IPv6. An address is counted with as a number of its width.

import (
	"math/big"
	"net/netip"
)

func templateCIDRFunctions() []Function {
	return []Function{
		{Name: "parseCidr", Min: 1, Max: 1, eval: parseCIDR},
		{Name: "cidrSubnet", Min: 3, Max: 3, eval: cidrSubnet},
		{Name: "cidrHost", Min: 2, Max: 2, eval: cidrHost},
	}
}

// cidr reads the first argument: a prefix whose host part may be anything.
func (c invocation) cidr() (netip.Prefix, error) {
	if c.args[0].kind != KindString {
		return netip.Prefix{}, c.expects(0, c.parameter(0)+" to be a string", seeFunctions(c.function.Name))
	}
	p, err := netip.ParsePrefix(c.args[0].str)
	if err != nil {
		return netip.Prefix{}, c.unable("the value '%s' is not a valid IP address range in CIDR notation, such as '10.0.0.0/16'.", shown(c.args[0].str))
	}
	return p.Masked(), nil
}

// cidrAndNumbers are the range and the integers after it.
func (c invocation) cidrAndNumbers() (p netip.Prefix, numbers []int64, err error) {
	if p, err = c.cidr(); err != nil {
		return p, nil, err
	}
	for i, arg := range c.args[1:] {
		n, ok := arg.AsInt()
		if !ok {
			return p, nil, c.expects(i+1, c.parameter(i+1)+" to be an integer", seeFunctions(c.function.Name))
		}
		numbers = append(numbers, n)
	}
	return p, numbers, nil
}

// offset is the address at a distance from another one of its kind.
func offset(from netip.Addr, distance *big.Int) netip.Addr {
	sum := new(big.Int).SetBytes(from.AsSlice())
	sum.Add(sum, distance)
	bytes := make([]byte, from.BitLen()/8)
	sum.FillBytes(bytes)
	a, _ := netip.AddrFromSlice(bytes)
	return a
}

// rangeSize is how many addresses a prefix has.
func rangeSize(p netip.Prefix) *big.Int {
	return new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits()))
}

func lastAddress(p netip.Prefix) netip.Addr {
	return offset(p.Addr(), new(big.Int).Sub(rangeSize(p), big.NewInt(1)))
}

// parseCIDR describes a range. One of IPv4 has a broadcast address, and but for the
// smallest ones neither it nor the network's own address is usable.
func parseCIDR(c invocation) (Value, error) {
	p, err := c.cidr()
	if err != nil {
		return Value{}, err
	}
	first, last := p.Addr(), lastAddress(p)
	members := []Member{{"network", String(first.String())}, {"netmask", String(netmask(p).String())}}
	if first.Is4() {
		members = append(members, Member{"broadcast", String(last.String())})
		if p.Bits() < 31 {
			first, last = first.Next(), last.Prev()
		}
	}
	return objectOf(append(members, Member{"firstUsable", String(first.String())}, Member{"lastUsable", String(last.String())}, Member{"cidr", Int(int64(p.Bits()))})), nil
}

func netmask(p netip.Prefix) netip.Addr {
	ones := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()))
	zero := netip.PrefixFrom(p.Addr(), 0).Masked().Addr()
	return offset(zero, ones.Sub(ones, rangeSize(p)))
}

// cidrSubnet cuts a range into ranges of a longer prefix.
func cidrSubnet(c invocation) (Value, error) {
	p, numbers, err := c.cidrAndNumbers()
	if err != nil {
		return Value{}, err
	}
	bits, index := numbers[0], numbers[1]
	if bits < int64(p.Bits()) || bits > int64(p.Addr().BitLen()) {
		return Value{}, c.unable("the new CIDR value '%d' must be from %d to %d for the range '%s'.", bits, p.Bits(), p.Addr().BitLen(), p)
	}
	subnet := netip.PrefixFrom(p.Addr(), int(bits))
	at := new(big.Int).Mul(rangeSize(subnet), big.NewInt(index))
	if index < 0 || at.Cmp(rangeSize(p)) >= 0 {
		return Value{}, c.unable("the index '%d' is out of range: '%s' has not as many subnets of /%d.", index, p, bits)
	}
	return String(netip.PrefixFrom(offset(p.Addr(), at), int(bits)).String()), nil
}

// cidrHost counts the usable addresses from 0; that is the one after the network's.
func cidrHost(c invocation) (Value, error) {
	p, numbers, err := c.cidrAndNumbers()
	if err != nil {
		return Value{}, err
	}
	at, end := big.NewInt(numbers[0]), rangeSize(p)
	switch {
	case p.Addr().Is4() && p.Bits() >= 31: // every address is usable
	case p.Addr().Is4():
		at.Add(at, big.NewInt(1))
		end.Sub(end, big.NewInt(1))
	case p.Bits() < 128:
		at.Add(at, big.NewInt(1))
	}
	if numbers[0] < 0 || at.Cmp(end) >= 0 {
		return Value{}, c.unable("the host index '%d' is out of range: '%s' has not as many usable addresses.", numbers[0], p)
	}
	return String(offset(p.Addr(), at).String()), nil
}
