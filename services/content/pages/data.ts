import type { Language } from '#kernel'
import { decimalOf } from '#money/amount'
import { isClosed, sectionOf, type Article, type Section } from '../articles/articles.ts'
import { texts } from './words.ts'

/** Where pages stand: the default language has no word of its own. */
export const pathOf = (section: Section, language: Language, slug?: string): string =>
  `${language === 'en' ? '' : `/${language}`}/${section}${slug === undefined ? '' : `/${slug}`}`

const employments: Record<string, string> = {
  'full-time': 'FULL_TIME',
  'part-time': 'PART_TIME',
  contractor: 'CONTRACTOR',
  temporary: 'TEMPORARY',
  intern: 'INTERN',
  volunteer: 'VOLUNTEER',
}

/** What schema.org says of an article; `html` is its text as it is shown. */
export function dataOf(publicUrl: string, article: Article, html: string): object[] {
  const section = sectionOf(article.kind)
  const url = publicUrl + pathOf(section, article.language, article.slug)
  const { title, summary, publishedAt, changedAt, details, language, tags } = article
  const written = {
    headline: title,
    description: summary,
    url,
    inLanguage: language,
    datePublished: publishedAt?.toISOString(),
    dateModified: changedAt.toISOString(),
    keywords: tags.length > 0 ? tags.join(', ') : undefined,
  }
  const path = {
    '@context': 'https://schema.org',
    '@type': 'BreadcrumbList',
    itemListElement: [
      { name: texts[language].sections[section], item: publicUrl + pathOf(section, language) },
      { name: title, item: url },
    ].map((one, index) => ({ '@type': 'ListItem', position: index + 1, ...one })),
  }
  const questions = details.questions ?? []
  const about = {
    post: {
      '@type': 'BlogPosting',
      ...written,
      ...(details.author && { author: { '@type': 'Person', name: details.author } }),
    },
    help: { '@type': 'TechArticle', ...written },
    tutorial: {
      '@type': 'HowTo',
      name: title,
      description: summary,
      inLanguage: language,
      ...(details.minutes && { totalTime: `PT${details.minutes}M` }),
      ...(details.needs && { supply: details.needs.map(name => ({ '@type': 'HowToSupply', name })) }),
      step: (details.steps ?? []).map((step, index) => ({
        '@type': 'HowToStep',
        position: index + 1,
        name: step.title,
        text: step.text,
        url: `${url}#step-${index + 1}`,
      })),
    },
    job: {
      '@type': 'JobPosting',
      title,
      description: html,
      datePosted: publishedAt?.toISOString().slice(0, 10),
      ...(details.openUntil && { validThrough: `${details.openUntil}T23:59:59Z` }),
      employmentType: employments[details.employment!],
      hiringOrganization: { '@type': 'Organization', name: details.organisation },
      ...(details.place && {
        jobLocation: {
          '@type': 'Place',
          address: { '@type': 'PostalAddress', addressLocality: details.place, addressCountry: details.country },
        },
      }),
      ...(details.remote && {
        jobLocationType: 'TELECOMMUTE',
        ...(details.country && { applicantLocationRequirements: { '@type': 'Country', name: details.country } }),
      }),
      ...(details.pay && {
        baseSalary: {
          '@type': 'MonetaryAmount',
          currency: details.pay.currency,
          value: {
            '@type': 'QuantitativeValue',
            minValue: Number(decimalOf({ minor: BigInt(details.pay.fromMinor), currency: details.pay.currency })),
            maxValue: Number(decimalOf({ minor: BigInt(details.pay.toMinor), currency: details.pay.currency })),
            unitText: details.pay.per.toUpperCase(),
          },
        },
      }),
      directApply: true,
    },
  }[article.kind]
  const asked = questions.length > 0 && {
    '@context': 'https://schema.org',
    '@type': 'FAQPage',
    mainEntity: questions.map(({ question, answer }) => ({
      '@type': 'Question',
      name: question,
      acceptedAnswer: { '@type': 'Answer', text: answer },
    })),
  }
  return [{ '@context': 'https://schema.org', ...about }, path, ...(asked ? [asked] : [])]
}

/** What pages may be listed by search engines. */
export const isListed = (article: Article, now: Date): boolean =>
  article.state === 'published' && !(article.kind === 'job' && isClosed(article, now))
