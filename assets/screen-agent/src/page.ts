/** This load of a document: named at random, and known by nobody but this page and the box. */
const bytes = window.crypto.getRandomValues(new Uint8Array(8));
export const PAGE: string = [].map.call(bytes, (byte: number) => (byte + 256).toString(16).slice(1)).join('');

const tag = document.currentScript;
const attribute = (name: string) => (tag && tag.getAttribute(name)) || '';
/** The version of the site that this document is of; empty where the tag does not say. */
export const SITE = attribute('data-site');
export const AGENT = attribute('src').replace(/.*[?&]v=/, '');
