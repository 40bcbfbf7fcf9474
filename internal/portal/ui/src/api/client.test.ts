import { expect, test } from 'vitest'
import { samePath } from './client'

test.each([
  ['/subscriptions/s?a=b', '/subscriptions/s?a=b'],
  ['https://server:8443/subscriptions/s?a=b%20c', '/subscriptions/s?a=b%20c'],
  ['//evil.example/x', '/x'],
  ['/\\evil.example/x', '/x'],
  ['/\t/evil.example/x', '/x'],
  ['/.//evil.example/x', '/evil.example/x'],
  ['https://server//evil.example/x', '/evil.example/x'],
])('a request to %s goes to the path %s of the page\'s own server', (url, path) => {
  expect(samePath(url)).toBe(path)
  expect(new URL(samePath(url), 'https://server').host).toBe('server')
})
