export const folderFiles = (_: any): any => ({ check: async () => {} })
export const serveFiles = (..._: any[]) => {}
import Type from 'typebox'
export const mailSettings = Type.Object({})
export const openMail = (_: any): any => ({ check: async () => {}, close() {} })
