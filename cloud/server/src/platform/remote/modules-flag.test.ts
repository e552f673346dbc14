import { expect, it } from 'vitest'
import { takeModulesFlag } from './modules-flag.ts'

it.each([
  [[], [], undefined],
  [['migrate', 'up'], ['migrate', 'up'], undefined],
  [['--modules=fleet,audit'], [], 'fleet,audit'],
  [['--modules', 'fleet', 'migrate'], ['migrate'], 'fleet'],
  // What stands behind a command is the command's own.
  [['audit', '--modules=x'], ['audit', '--modules=x'], undefined],
])('%j is the command %j with the modules %s', (given, argv, modules) => {
  expect(takeModulesFlag(given)).toEqual({ argv, modules })
})

it.each([
  [['--module=fleet'], '"--module" is not a flag. There is --modules=identity,fleet'],
  [['--modules'], '--modules needs the names of modules'],
  [['--modules='], '--modules needs the names of modules'],
])('%j is refused with what there is', (given, sentence) => {
  expect(() => takeModulesFlag(given)).toThrow(sentence)
})
