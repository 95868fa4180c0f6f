import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { api } from './build/api.ts'
import { chunks } from './build/chunks.ts'
import { compressed } from './build/compressed.ts'
import { law } from './build/law.ts'
import { outlines } from './build/outlines.ts'
import { worker } from './build/worker.ts'

export default defineConfig({
  // Below whatever path the platform is reached at: scripts find each other, and the page is led by who serves it.
  base: './',
  plugins: [react(), api(), law(), outlines(), worker(), compressed()],
  // Replaced by a fresh one each time the page is served.
  html: { cspNonce: 'console-nonce' },
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Of what is in it, with texts: a page of the platform shows them.
    license: { fileName: 'licences.json' },
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      // What is together for its size is not to be apart for being asked for late.
      checks: { ineffectiveDynamicImport: false },
      output: { codeSplitting: chunks },
    },
  },
})
