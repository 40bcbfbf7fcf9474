import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app'
import './frame/page.css'

const root = document.getElementById('portal')
if (root === null) throw new Error('the page lacks #portal')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
