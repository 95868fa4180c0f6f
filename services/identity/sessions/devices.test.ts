import { placeOf } from '#kernel'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceOf, prefixOf } from './devices.ts'

test('devices are named in words, addresses by the network they are part of', () => {
  assert.equal(
    deviceOf('Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0'),
    'Edge on Windows',
  )
  assert.equal(
    deviceOf('Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36'),
    'Chrome on Android',
  )
  assert.equal(deviceOf('curl/8.5.0'), 'curl')
  assert.equal(
    deviceOf('Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 CriOS/141.0 Mobile/15E148'),
    'Chrome on iPhone',
  )
  assert.equal(
    deviceOf('Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Vivaldi/7.6'),
    'Vivaldi on Linux',
  )
  assert.equal(deviceOf('Ohmnibus/12 CFNetwork/1568.200.51 Darwin/24.1.0'), 'Ohmnibus')
  assert.equal(deviceOf('<b>x</b>/1 (Windows NT 10.0)'), 'Windows', 'no text that is none of a name')
  assert.equal(deviceOf('x'.repeat(10_000)), 'Unknown device')
  assert.equal(deviceOf(undefined), 'Unknown device')
  assert.equal(prefixOf('203.0.113.77'), '203.0.113.0/24')
  assert.equal(prefixOf('::ffff:203.0.113.77'), '203.0.113.0/24')
  assert.equal(prefixOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  assert.equal(prefixOf('2001:db8::1'), '2001:db8:0:0::/64')
  assert.equal(prefixOf('fe80::1%eth0'), 'fe80:0:0:0::/64')
  assert.equal(placeOf('::ffff:203.0.113.77'), '203.0.113.77')
  assert.equal(placeOf('2001:db8:1:2::9'), placeOf('2001:db8:1:2:ffff::1'))
})
